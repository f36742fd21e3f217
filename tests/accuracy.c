/* How often the verdict is right on mail that others labelled (../shared/corpus); `make accuracy`, or
 *
 *   accuracy [-v] [-l LANGUAGE] [-s SOURCE]
 *
 * A message's labels are sets of requests each of which is acceptable; the one nearest to the verdict counts.  Requests of a message in
 * review count as found or not like others; `review` tells how many are.  -v shows each wrong message with its evidence.
 */
#include <jansson.h>
#include <stdio.h>

#include "judging.h"
#include "text.h"

typedef struct {
	guint right, extra, missed;    /* requests */
} Count;

typedef struct {
	guint messages, review, wrong_kind, wrong_unreviewed;
	guint idle, false_opt_outs;    /* messages that ask for nothing in any label; of them unreviewed with an opt-out */
	Count all, requests[REQUEST_COUNT];
} Tally;

typedef struct {
	gboolean verbose;
	const char *language, *source;
} Options;

static guint requests_of(const json_t *names)
{
	guint set = 0;
	for (size_t i = 0; i < json_array_size(names); i++) {
		RequestType type;
		if (request_parse(json_string_value(json_array_get(names, i)), &type))
			set |= 1u << type;
	}
	return set;
}

static guint bits(guint set)
{
	guint count = 0;
	for (; set; set &= set - 1)
		count++;
	return count;
}

/* Of the acceptable sets the one with the fewest differences, and of those with the most in common. */
static guint nearest(const json_t *accept, guint got)
{
	guint best = 0;
	gint best_cost = G_MAXINT;
	for (size_t i = 0; i < json_array_size(accept); i++) {
		guint set = requests_of(json_array_get(accept, i));
		gint cost = (gint)bits(set ^ got) * REQUEST_COUNT - (gint)bits(set & got);
		if (cost < best_cost) {
			best = set;
			best_cost = cost;
		}
	}
	return best;
}

static gboolean is_idle(const json_t *accept)
{
	for (size_t i = 0; i < json_array_size(accept); i++)
		if (json_array_size(json_array_get(accept, i)))
			return FALSE;
	return TRUE;
}

static gboolean holds(const json_t *words, const char *word)
{
	for (size_t i = 0; i < json_array_size(words); i++)
		if (g_str_equal(json_string_value(json_array_get(words, i)), word))
			return TRUE;
	return FALSE;
}

static void print_set(const char *name, guint set)
{
	printf("  %s:", name);
	for (RequestType type = 0; type < REQUEST_COUNT; type++)
		if (set >> type & 1)
			printf(" %s", request_name(type));
	printf(set ? "\n" : " nothing\n");
}

static void print_evidence(const char *name, const GPtrArray *evidence)
{
	for (guint i = 0; i < evidence->len; i++) {
		const VerdictEvidence *e = evidence->pdata[i];
		g_autofree char *words = text_escape(e->text);
		printf("    %s by %s:%u in the %s: %s\n", name, e->filter, e->line, e->where, words);
	}
}

static void show(const json_t *label, const Verdict *verdict, guint got, guint wanted)
{
	g_autofree char *subject = text_escape(verdict->facts->subject ? verdict->facts->subject : "");
	printf("%s: %s%s%s\n  subject: %s\n", json_string_value(json_object_get(label, "path")), kind_name(verdict->kind),
	       verdict->review ? ", review: " : "", verdict->review ? verdict->review_reason : "", subject);
	print_set("got", got);
	print_set("wanted", wanted);
	for (guint i = 0; i < verdict->requests->len; i++) {
		const VerdictRequest *request = verdict->requests->pdata[i];
		print_evidence(request_name(request->type), request->evidence);
	}
	print_evidence(kind_name(verdict->kind), verdict->kind_evidence);
}

static void count(Tally *tally, const json_t *label, const Verdict *verdict, gboolean verbose)
{
	const json_t *accept = json_object_get(label, "accept");
	guint got = 0;
	for (guint i = 0; i < verdict->requests->len; i++)
		got |= 1u << ((const VerdictRequest *)verdict->requests->pdata[i])->type;
	guint wanted = nearest(accept, got);
	gboolean wrong_kind = !verdict->review && !holds(json_object_get(label, "kinds"), kind_name(verdict->kind));
	tally->messages++;
	tally->review += verdict->review;
	tally->wrong_kind += wrong_kind;
	tally->wrong_unreviewed += !verdict->review && (wrong_kind || got != wanted);
	if (is_idle(accept)) {
		tally->idle++;
		tally->false_opt_outs += !verdict->review && (got >> REQUEST_MARKETING_OPT_OUT & 1);
	}
	for (RequestType type = 0; type < REQUEST_COUNT; type++) {
		gboolean is_got = got >> type & 1, is_wanted = wanted >> type & 1;
		Count *counts[] = { &tally->all, &tally->requests[type] };
		for (guint i = 0; i < 2; i++) {
			counts[i]->right += is_got && is_wanted;
			counts[i]->extra += is_got && !is_wanted;
			counts[i]->missed += !is_got && is_wanted;
		}
	}
	if (verbose && (wrong_kind || got != wanted))
		show(label, verdict, got, wanted);
}

static double share(guint part, guint rest)
{
	return part + rest ? (double)part / (part + rest) : 1;
}

static void print_count(const char *name, const Count *c)
{
	if (c->right + c->extra + c->missed)
		printf("  %-20s %5u right %4u extra %4u missed   precision %.3f  recall %.3f  F1 %.3f\n", name, c->right, c->extra, c->missed,
		       share(c->right, c->extra), share(c->right, c->missed), share(2 * c->right, c->extra + c->missed));
}

static void print_tally(const char *language, const Tally *tally)
{
	printf("%s: %u messages, %.1f %% in review, %u wrong without review (%u of them in kind), %u false opt-outs of %u that ask nothing\n", language,
	       tally->messages, 100.0 * tally->review / tally->messages, tally->wrong_unreviewed, tally->wrong_kind, tally->false_opt_outs, tally->idle);
	print_count("all requests", &tally->all);
	for (RequestType type = 0; type < REQUEST_COUNT; type++)
		print_count(request_name(type), &tally->requests[type]);
}

static gboolean is_asked_for(const Options *options, const json_t *label)
{
	return (!options->language || g_str_equal(options->language, json_string_value(json_object_get(label, "lang")))) &&
	       (!options->source || strstr(json_string_value(json_object_get(label, "path")), options->source));
}

static Tally *tally_of(GHashTable *tallies, const char *language)
{
	Tally *tally = g_hash_table_lookup(tallies, language);
	if (!tally)
		g_hash_table_insert(tallies, g_strdup(language), tally = g_new0(Tally, 1));
	return tally;
}

static void judge_line(const Reading *reading, const char *directory, const char *line, const Options *options, GHashTable *tallies)
{
	json_t *label = json_loads(line, 0, NULL);
	g_autofree char *bytes = NULL;
	gsize length;
	if (label && is_asked_for(options, label)) {
		g_autofree char *path = g_build_filename(directory, json_string_value(json_object_get(label, "path")), NULL);
		const ReadRequest request = { .recipient = json_string_value(json_object_get(label, "to")), .delimiter = "+" };
		if (g_file_get_contents(path, &bytes, &length, NULL)) {
			g_autoptr(Verdict) verdict = reading_judge(reading, bytes, length, &request);
			count(tally_of(tallies, json_string_value(json_object_get(label, "lang"))), label, verdict, options->verbose);
			count(tally_of(tallies, "all"), label, verdict, FALSE);
		}
	}
	json_decref(label);
}

static Options parse(int argc, char **argv)
{
	Options options = { 0 };
	for (int i = 1; i < argc; i++) {
		if (g_str_equal(argv[i], "-v"))
			options.verbose = TRUE;
		else if (g_str_equal(argv[i], "-l") && i + 1 < argc)
			options.language = argv[++i];
		else if (g_str_equal(argv[i], "-s") && i + 1 < argc)
			options.source = argv[++i];
	}
	return options;
}

int main(int argc, char **argv)
{
	const Options options = parse(argc, argv);
	g_autofree char *directory = testing_corpus("labelled"), *labels = directory ? g_build_filename(directory, "labels.jsonl", NULL) : NULL;
	g_autofree char *content = NULL;
	if (!labels || !g_file_get_contents(labels, &content, NULL, NULL)) {
		puts("accuracy: there is no corpus beside the project");
		return 0;
	}
	Reading reading;
	reading_start(&reading);
	g_autoptr(GHashTable) tallies = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_auto(GStrv) lines = g_strsplit(content, "\n", -1);
	for (guint i = 0; lines[i]; i++)
		judge_line(&reading, directory, lines[i], &options, tallies);
	g_autoptr(GList) languages = g_list_sort(g_hash_table_get_keys(tallies), (GCompareFunc)strcmp);
	for (GList *l = languages; l; l = l->next)
		print_tally(l->data, g_hash_table_lookup(tallies, l->data));
	reading_end(&reading);
	return 0;
}
