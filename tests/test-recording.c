#include "recording.h"
#include "review.h"
#include "status.h"
#include "testing.h"

#include <glib/gstdio.h>

static ConfigController controller = { .id = (char *)"shop", .name = (char *)"Shop", .country = (char *)"DE" };
static ConfigAddress privacy = { (char *)"privacy@example.com", &controller, ROLE_PRIVACY, AFTER_DELIVER };
static ConfigAddress opt_out = { (char *)"unsubscribe@example.com", &controller, ROLE_OPT_OUT, AFTER_DISCARD };

typedef struct {
	char *directory;
	Config *config;
	Rules *rules;
	Store *store;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
	(void)data;
	f->directory = g_dir_make_tmp("optout-recording-XXXXXX", NULL);
	g_autofree char *store = g_build_filename(f->directory, "store", NULL);
	f->config = config_default();
	g_ptr_array_set_free_func(f->config->addresses, NULL);
	g_ptr_array_set_free_func(f->config->controllers, NULL);
	g_ptr_array_add(f->config->addresses, &privacy);
	g_ptr_array_add(f->config->addresses, &opt_out);
	g_ptr_array_add(f->config->controllers, &controller);
	f->config->authserv_id = g_strdup("mx.example.com");
	g_autoptr(GError) error = NULL;
	g_autofree char *filters = testing_source("filters");
	char *directories[] = { filters, NULL };
	Laws *laws = laws_load(directories, &error);
	g_assert_no_error(error);
	f->rules = rules_new(f->config, laws);
	f->store = store_open(store, 64 << 20, STORE_WRITE, &error);
	g_assert_no_error(error);
}

static void remove_tree(const char *path)
{
	g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
	for (const char *name; directory && (name = g_dir_read_name(directory));) {
		g_autofree char *child = g_build_filename(path, name, NULL);
		if (g_file_test(child, G_FILE_TEST_IS_DIR))
			remove_tree(child);
		g_remove(child);
	}
	g_rmdir(path);
}

static void tear_down(Fixture *f, gconstpointer data)
{
	(void)data;
	store_close(f->store);
	rules_unref(f->rules);
	config_unref(f->config);
	remove_tree(f->directory);
	g_free(f->directory);
}

/* What the reader says of a plain request from anna@example.org. */
static Verdict *verdict_of(RequestType type, EvidenceLevel level, const char *to)
{
	Verdict *verdict = verdict_new();
	verdict->kind = KIND_REQUEST;
	verdict->language = g_strdup("de");
	verdict->subject_address = g_strdup("Anna@example.org");
	g_ptr_array_add(verdict->requests, verdict_request_new(type, 0.9));
	verdict->facts = facts_new();
	verdict->facts->from = g_strdup("Anna@example.org");
	verdict->facts->from_count = 1;
	verdict->facts->message_id = g_strdup("1@example.org");
	verdict->facts->digest = g_strdup("d1");
	verdict->facts->authentication = level;
	g_ptr_array_add(verdict->facts->to, g_strdup(to));
	return verdict;
}

/* A message as intake hands it over; takes `verdict` (NULL: unreadable). */
static Recording *recording_of(Fixture *f, const ConfigAddress *address, Verdict *verdict)
{
	Envelope *envelope = envelope_new();
	envelope_set_sender(envelope, "anna@example.org");
	envelope_add_recipient(envelope, address->address);
	g_autoptr(GBytes) message = g_bytes_new_static("Subject: x\r\n\r\nx", 15);
	Recording *recording = recording_new(f->rules, envelope, message, FALSE, 1795514400);   /* 2026-11-24T10:00:00Z */
	RecordingPart part = { .recipient = g_ptr_array_index(envelope->recipients, 0), .address = address, .verdict = verdict,
		               .trouble = verdict ? NULL : g_strdup("the reader died") };
	g_array_append_val(recording->parts, part);
	return recording;
}

static RecordingPart *record(Fixture *f, Recording *recording)
{
	g_autoptr(GError) error = NULL;
	g_assert_true(store_write(f->store, recording_write, recording, &error));
	g_assert_no_error(error);
	return &g_array_index(recording->parts, RecordingPart, 0);
}

/* --- looking -------------------------------------------------------------------------------------------------- */

typedef struct {
	guint cases, letters, held, events;
	gboolean marketing, disclosure;
	Case *last;
	GString *types;     /* of events, in order */
} State;

static gboolean see_case(const Case *c, gpointer data)
{
	(void)c;
	((State *)data)->cases++;
	return TRUE;
}

static gboolean see_letter(const Letter *letter, gpointer data)
{
	((State *)data)->letters += letter->state == DELIVERY_DUE;
	((State *)data)->held += letter->state == DELIVERY_HELD;
	return TRUE;
}

static gboolean see_event(const Event *event, gpointer data)
{
	g_string_append_printf(((State *)data)->types, "%s ", event->type);
	return TRUE;
}

static gboolean see_all(StoreTxn *txn, gpointer data, GError **error)
{
	State *state = data;
	g_autoptr(Suppression) marketing = store_find_suppression(txn, "ANNA@example.org", NULL, "marketing", error);
	g_autoptr(Suppression) disclosure = store_find_suppression(txn, "anna@example.org", "shop", "disclosure", error);
	state->marketing = marketing != NULL;
	state->disclosure = disclosure != NULL;
	return store_each_case(txn, see_case, state, error) && store_each_letter(txn, 0, see_letter, state, error) &&
	       store_each_event(txn, 0, 0, see_event, state, error);
}

static State look(Fixture *f)
{
	State state = { .types = g_string_new(NULL) };
	g_autoptr(GError) error = NULL;
	g_assert_true(store_read(f->store, see_all, &state, &error));
	g_assert_no_error(error);
	return state;
}

static void expect(Fixture *f, guint cases, guint letters, guint held, gboolean marketing, const char *events)
{
	State state = look(f);
	g_assert_cmpuint(state.cases, ==, cases);
	g_assert_cmpuint(state.letters, ==, letters);
	g_assert_cmpuint(state.held, ==, held);
	g_assert_cmpint(state.marketing, ==, marketing);
	g_assert_cmpstr(state.types->str, ==, events);
	g_string_free(state.types, TRUE);
}

/* --- tests ---------------------------------------------------------------------------------------------------- */

static void test_opt_out(Fixture *f, gconstpointer data)
{
	(void)data;
	Recording *recording = recording_of(f, &opt_out, verdict_of(REQUEST_MARKETING_OPT_OUT, EVIDENCE_E2, "unsubscribe@example.com"));
	const RecordingPart *part = record(f, recording);
	g_assert_cmpint(part->state, ==, STATE_COMPLETED);
	g_assert_cmpint(part->after, ==, AFTER_DISCARD);
	g_assert_true(reference_parse(part->reference, (char[REFERENCE_SIZE]){ 0 }));
	expect(f, 1, 1, 0, TRUE, "suppressed received ");
	recording_free(recording);
}

static gboolean see_text(const Letter *letter, gpointer data)
{
	g_string_append_printf(data, "%s ", letter->text);
	return TRUE;
}

static gboolean see_texts(StoreTxn *txn, gpointer data, GError **error)
{
	return store_each_letter(txn, 0, see_text, data, error);
}

/* What is done at once and what takes time need a text that says both. */
static void test_mixed(Fixture *f, gconstpointer data)
{
	(void)data;
	Verdict *verdict = verdict_of(REQUEST_ERASURE, EVIDENCE_E2, "privacy@example.com");
	g_ptr_array_add(verdict->requests, verdict_request_new(REQUEST_MARKETING_OPT_OUT, 0.9));
	Recording *recording = recording_of(f, &privacy, verdict);
	record(f, recording);
	g_autoptr(GString) texts = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	g_assert_true(store_read(f->store, see_texts, texts, &error));
	g_assert_cmpstr(texts->str, ==, "mixed ");
	recording_free(recording);
}

static void test_erasure_unproven(Fixture *f, gconstpointer data)
{
	(void)data;
	Recording *recording = recording_of(f, &privacy, verdict_of(REQUEST_ERASURE, EVIDENCE_E0, "privacy@example.com"));
	const RecordingPart *part = record(f, recording);
	g_assert_cmpint(part->state, ==, STATE_OPEN);
	g_assert_cmpint(part->after, ==, AFTER_DELIVER);
	g_assert_cmpint(g_date_get_month(&part->due), ==, G_DATE_DECEMBER);
	expect(f, 1, 0, 1, TRUE, "suppressed received ");
	recording_free(recording);
}

static void test_duplicate(Fixture *f, gconstpointer data)
{
	(void)data;
	Recording *first = recording_of(f, &privacy, verdict_of(REQUEST_ACCESS, EVIDENCE_E0, "privacy@example.com"));
	Recording *again = recording_of(f, &privacy, verdict_of(REQUEST_ACCESS, EVIDENCE_E0, "privacy@example.com"));
	record(f, first);
	const RecordingPart *part = record(f, again);
	g_assert_true(part->is_duplicate);
	g_assert_cmpstr(part->reference, ==, g_array_index(first->parts, RecordingPart, 0).reference);
	expect(f, 1, 0, 1, FALSE, "received duplicate ");
	/* The genuine one, proved better than what was forged before it, is a case of its own and is answered. */
	Recording *genuine = recording_of(f, &privacy, verdict_of(REQUEST_ACCESS, EVIDENCE_E2, "privacy@example.com"));
	part = record(f, genuine);
	g_assert_false(part->is_duplicate);
	State state = look(f);
	g_assert_cmpuint(state.cases, ==, 2);
	g_assert_cmpuint(state.letters, ==, 1);
	g_assert_cmpuint(state.held, ==, 1);
	g_string_free(state.types, TRUE);
	/* The copy to another address of ours is its own case too. */
	Recording *copy = recording_of(f, &opt_out, verdict_of(REQUEST_ACCESS, EVIDENCE_E2, "unsubscribe@example.com"));
	g_assert_false(record(f, copy)->is_duplicate);
	g_assert_cmpuint(look(f).cases, ==, 3);
	recording_free(first);
	recording_free(again);
	recording_free(genuine);
	recording_free(copy);
}

/* Forged mail is held, once a matter, and uses up nothing of what the genuine sender is due. */
static void test_held(Fixture *f, gconstpointer data)
{
	(void)data;
	f->config->answers_per_address = 1;
	for (guint i = 0; i < 4; i++) {
		Verdict *verdict = verdict_of(REQUEST_ACCESS, i < 3 ? EVIDENCE_E0 : EVIDENCE_E2, "privacy@example.com");
		g_free(verdict->facts->digest);
		verdict->facts->digest = g_strdup_printf("d%u", i);
		Recording *recording = recording_of(f, &privacy, verdict);
		record(f, recording);
		recording_free(recording);
	}
	expect(f, 4, 1, 1, FALSE, "received received received received ");
}

/* Anyone can write in the name of many: what one client sends without proof beyond the limit waits for a person. */
static void test_burst(Fixture *f, gconstpointer data)
{
	(void)data;
	static const struct { const char *client; EvidenceLevel level; gint64 later; CaseState state; } mails[] = {
		{ "192.0.2.1", EVIDENCE_E0, 0, STATE_COMPLETED }, { "192.0.2.1", EVIDENCE_E0, 1, STATE_COMPLETED },
		{ "192.0.2.1", EVIDENCE_E0, 2, STATE_REVIEW },    { "192.0.2.1", EVIDENCE_E2, 3, STATE_COMPLETED },
		{ "192.0.2.2", EVIDENCE_E0, 4, STATE_COMPLETED }, { NULL, EVIDENCE_E0, 5, STATE_COMPLETED },
		{ "192.0.2.1", EVIDENCE_E0, 3600, STATE_COMPLETED },
	};
	f->config->opt_outs_per_source = 2;
	for (guint i = 0; i < G_N_ELEMENTS(mails); i++) {
		Verdict *verdict = verdict_of(REQUEST_MARKETING_OPT_OUT, mails[i].level, "unsubscribe@example.com");
		g_free(verdict->facts->digest);
		verdict->facts->digest = g_strdup_printf("d%u", i);
		Recording *recording = recording_of(f, &opt_out, verdict);
		recording->envelope->client = g_strdup(mails[i].client);
		recording->received += mails[i].later;
		const RecordingPart *part = record(f, recording);
		g_test_message("%u", i);
		g_assert_cmpint(part->state, ==, mails[i].state);
		g_assert_cmpint(part->after, ==, mails[i].state == STATE_REVIEW ? AFTER_DELIVER : AFTER_DISCARD);
		recording_free(recording);
	}
}

static void test_unreadable(Fixture *f, gconstpointer data)
{
	(void)data;
	Recording *first = recording_of(f, &opt_out, NULL), *second = recording_of(f, &opt_out, NULL);
	record(f, first);
	g_assert_true(first->is_postponed);
	expect(f, 0, 0, 0, FALSE, "");
	const RecordingPart *part = record(f, second);
	g_assert_false(second->is_postponed);
	g_assert_cmpint(part->state, ==, STATE_REVIEW);
	g_assert_cmpint(part->after, ==, AFTER_DELIVER);
	g_assert_true(g_date_valid(&part->due));
	expect(f, 1, 0, 0, FALSE, "received ");
	recording_free(first);
	recording_free(second);

	/* Sent once more, it is the same case. */
	Recording *third = recording_of(f, &opt_out, NULL);
	part = record(f, third);
	g_assert_true(part->is_duplicate);
	expect(f, 1, 0, 0, FALSE, "received duplicate ");
	recording_free(third);
}

/* What other filters add to the header differs each time that a message comes; its sender and its text don't. */
static void test_unreadable_again(Fixture *f, gconstpointer data)
{
	(void)data;
	static const struct { const char *sender, *message; gboolean is_known; } tries[] = {
		{ "anna@example.org", "Subject: x\r\n\r\n\0one", FALSE },
		{ "anna@example.org", "Authentication-Results: mx; spf=pass\r\nSubject: x\r\n\r\n\0one", TRUE },
		{ "anna@example.org", "Subject: x\n\n\0two", FALSE },
		{ "anna@example.org", "Subject: y\n\n\0two", TRUE },
		{ "bob@example.org", "Subject: x\r\n\r\n\0one", FALSE },
		{ "anna@example.org", "no line", FALSE },
		{ "anna@example.org", "no line\n", FALSE },
		{ "anna@example.org", "", FALSE },
		{ "anna@example.org", "", TRUE },
	};
	for (guint i = 0; i < G_N_ELEMENTS(tries); i++) {
		Recording *recording = recording_of(f, &opt_out, NULL);
		envelope_set_sender(recording->envelope, tries[i].sender);
		g_bytes_unref(recording->message);
		gsize head = strlen(tries[i].message), length = head + (g_str_has_suffix(tries[i].message, "\n") && head > 8 ? 4 : 0);
		recording->message = g_bytes_new_static(tries[i].message, length);
		record(f, recording);
		g_assert_cmpint(recording->is_postponed, ==, !tries[i].is_known);
		recording_free(recording);
	}
}

static void test_machine_mail(Fixture *f, gconstpointer data)
{
	(void)data;
	Verdict *verdict = verdict_of(REQUEST_ACCESS, EVIDENCE_E2, "unsubscribe@example.com");
	g_ptr_array_set_size(verdict->requests, 0);
	verdict->kind = KIND_AUTO_REPLY;
	Recording *recording = recording_of(f, &opt_out, verdict);
	const RecordingPart *part = record(f, recording);
	g_assert_cmpstr(part->reference, ==, "");
	g_assert_cmpint(part->after, ==, AFTER_DISCARD);
	expect(f, 0, 0, 0, FALSE, "received ");
	recording_free(recording);
}

static void test_spam_complaint(Fixture *f, gconstpointer data)
{
	(void)data;
	static const struct { EvidenceLevel level; const char *type; guint cases; gboolean suppressed; } cases[] = {
		{ EVIDENCE_E0, "abuse", 1, FALSE },          /* anyone can forge one: a person looks */
		{ EVIDENCE_E2, "not-spam", 1, FALSE },
		{ EVIDENCE_E2, "auth-failure", 1, FALSE },
		{ EVIDENCE_E2, "abuse", 1, TRUE },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		Verdict *verdict = verdict_of(REQUEST_ACCESS, cases[i].level, "unsubscribe@example.com");
		g_ptr_array_set_size(verdict->requests, 0);
		verdict->kind = KIND_FEEDBACK_REPORT;
		g_free(verdict->facts->digest);
		verdict->facts->digest = g_strdup_printf("d%u", i);
		verdict->facts->feedback_type = g_strdup(cases[i].type);
		g_ptr_array_add(verdict->facts->reported, g_strdup("anna@example.org"));
		Recording *recording = recording_of(f, &opt_out, verdict);
		record(f, recording);
		State state = look(f);
		g_assert_cmpuint(state.cases, ==, cases[i].cases);
		g_assert_cmpint(state.marketing, ==, cases[i].suppressed);
		g_string_free(state.types, TRUE);
		recording_free(recording);
	}
}

static void test_observe(Fixture *f, gconstpointer data)
{
	(void)data;
	f->config->observe = TRUE;
	Recording *recording = recording_of(f, &opt_out, verdict_of(REQUEST_MARKETING_OPT_OUT, EVIDENCE_E2, "unsubscribe@example.com"));
	const RecordingPart *part = record(f, recording);
	g_assert_cmpint(part->after, ==, AFTER_DELIVER);
	g_assert_cmpint(part->state, ==, STATE_OPEN);
	expect(f, 1, 0, 0, FALSE, "received ");
	f->config->observe = FALSE;
	g_autoptr(GError) error = NULL;
	g_autoptr(Case) c = NULL;
	ReviewDesk desk = { f->config, f->rules->laws, "olga", 1795600800 };
	g_assert_true(review_approve(f->store, &desk, part->reference, NULL, &c, &error));
	g_assert_no_error(error);
	g_assert_cmpint(c->state, ==, STATE_COMPLETED);
	expect(f, 1, 1, 0, TRUE, "received suppressed approved ");
	g_assert_false(review_approve(f->store, &desk, part->reference, NULL, NULL, &error));
	g_assert_cmpint(status_of(error), ==, STATUS_PERMANENT);
	g_assert_nonnull(strstr(error->message, "nothing to approve"));
	recording_free(recording);
}

static void test_reclassify(Fixture *f, gconstpointer data)
{
	(void)data;
	Recording *recording = recording_of(f, &opt_out, verdict_of(REQUEST_MARKETING_OPT_OUT, EVIDENCE_E0, "unsubscribe@example.com"));
	const RecordingPart *part = record(f, recording);
	expect(f, 1, 0, 1, TRUE, "suppressed received ");
	g_autoptr(GError) error = NULL;
	ReviewDesk desk = { f->config, f->rules->laws, "olga", 1795600800 };

	/* The first reading's suppression and acknowledgement go with it. */
	g_assert_true(review_reclassify(f->store, &desk, part->reference, NULL, KIND_ENQUIRY, NULL, 0, NULL, &error));
	g_assert_no_error(error);
	expect(f, 1, 0, 0, FALSE, "suppressed received unsuppressed reclassified ");

	g_autoptr(Case) c = NULL;
	const RequestType types[] = { REQUEST_ERASURE, REQUEST_DISCLOSURE_OPT_OUT };
	g_assert_true(review_reclassify(f->store, &desk, part->reference, "other@example.org", KIND_REQUEST, types, 2, &c, &error));
	g_assert_no_error(error);
	g_assert_cmpint(c->state, ==, STATE_OPEN);
	g_assert_cmpint(c->kind, ==, KIND_REQUEST);
	g_assert_cmpuint(c->requests->len, ==, 2);
	g_assert_cmpstr(c->subject_address, ==, "other@example.org");
	g_assert_cmpint(c->law, ==, LAW_GDPR);

	static const struct { const char *reference, *subject, *words; } wrong[] = {
		{ "0000-0001", NULL, "reference" }, { "nonsense", NULL, "no reference" }, { NULL, "no address", "no mail address" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_clear_error(&error);
		const char *reference = wrong[i].reference ? wrong[i].reference : part->reference;
		g_assert_false(review_reclassify(f->store, &desk, reference, wrong[i].subject, KIND_REQUEST, types, 1, NULL, &error));
		g_test_message("%s", error->message);
		g_assert_cmpint(status_of(error), ==, STATUS_PERMANENT);
		g_assert_nonnull(strstr(error->message, wrong[i].words));
	}
	recording_free(recording);
}

/* Read wrong and right again before the letter went out: it is due again, once. */
static void test_there_and_back(Fixture *f, gconstpointer data)
{
	(void)data;
	Recording *recording = recording_of(f, &privacy, verdict_of(REQUEST_ACCESS, EVIDENCE_E2, "privacy@example.com"));
	const char *reference = record(f, recording)->reference;
	g_autoptr(GError) error = NULL;
	ReviewDesk desk = { f->config, f->rules->laws, "olga", 1795600800 };
	const RequestType types[] = { REQUEST_ERASURE, REQUEST_ACCESS };
	for (guint i = 0; i < 2; i++) {
		g_assert_true(review_reclassify(f->store, &desk, reference, NULL, KIND_REQUEST, &types[i], 1, NULL, &error));
		g_assert_no_error(error);
		State state = look(f);
		g_assert_cmpuint(state.letters, ==, 1);
		g_string_free(state.types, TRUE);
	}
	recording_free(recording);
}

/* Two messages ask for the same: that one of them was read wrong takes nothing from what the other asked. */
static void test_lift(Fixture *f, gconstpointer data)
{
	(void)data;
	Recording *recordings[2];
	const char *references[2];
	g_autoptr(GError) error = NULL;
	ReviewDesk desk = { f->config, f->rules->laws, "olga", 1795600800 };
	for (guint i = 0; i < 2; i++) {
		Verdict *verdict = verdict_of(REQUEST_MARKETING_OPT_OUT, EVIDENCE_E0, "unsubscribe@example.com");
		g_free(verdict->facts->digest);
		verdict->facts->digest = g_strdup_printf("d%u", i);
		recordings[i] = recording_of(f, &opt_out, verdict);
		references[i] = record(f, recordings[i])->reference;
	}
	for (guint i = 0; i < 2; i++) {
		g_assert_true(look(f).marketing);
		g_assert_true(review_reclassify(f->store, &desk, references[i], NULL, KIND_UNRELATED, NULL, 0, NULL, &error));
		g_assert_no_error(error);
	}
	g_assert_false(look(f).marketing);

	/* Of two people that a case was about, the one it is not about after all gets mail again. */
	const RequestType types[] = { REQUEST_MARKETING_OPT_OUT };
	g_assert_true(review_reclassify(f->store, &desk, references[0], NULL, KIND_REQUEST, types, 1, NULL, &error));
	g_assert_true(look(f).marketing);
	g_assert_true(review_reclassify(f->store, &desk, references[0], "berta@example.org", KIND_REQUEST, types, 1, NULL, &error));
	g_assert_no_error(error);
	g_assert_false(look(f).marketing);
	recording_free(recordings[0]);
	recording_free(recordings[1]);
}

/* In mode = observe a spam complaint suppresses nobody; what it would have done stands in the queue, and can be approved. */
static void test_observed_complaint(Fixture *f, gconstpointer data)
{
	(void)data;
	f->config->observe = TRUE;
	Verdict *verdict = verdict_of(REQUEST_ACCESS, EVIDENCE_E2, "unsubscribe@example.com");
	g_ptr_array_set_size(verdict->requests, 0);
	verdict->kind = KIND_FEEDBACK_REPORT;
	verdict->facts->feedback_type = g_strdup("abuse");
	g_ptr_array_add(verdict->facts->reported, g_strdup("anna@example.org"));
	Recording *recording = recording_of(f, &opt_out, verdict);
	const RecordingPart *part = record(f, recording);
	g_assert_cmpint(part->state, ==, STATE_REVIEW);
	expect(f, 1, 0, 0, FALSE, "received ");
	g_autoptr(GError) error = NULL;
	ReviewDesk desk = { f->config, f->rules->laws, "olga", 1795600800 };
	g_assert_true(review_approve(f->store, &desk, part->reference, NULL, NULL, &error));
	g_assert_no_error(error);
	expect(f, 1, 0, 0, TRUE, "received suppressed approved ");
	recording_free(recording);
}

/* Nobody to suppress: a person must find out who. */
static void test_nobody(Fixture *f, gconstpointer data)
{
	(void)data;
	Verdict *verdict = verdict_of(REQUEST_MARKETING_OPT_OUT, EVIDENCE_E0, "unsubscribe@example.com");
	g_clear_pointer(&verdict->subject_address, g_free);
	Recording *recording = recording_of(f, &opt_out, verdict);
	const RecordingPart *part = record(f, recording);
	g_assert_cmpint(part->state, ==, STATE_REVIEW);
	g_assert_cmpint(part->after, ==, AFTER_DELIVER);
	g_autoptr(GError) error = NULL;
	ReviewDesk desk = { f->config, f->rules->laws, "olga", 1795600800 };
	g_assert_false(review_approve(f->store, &desk, part->reference, NULL, NULL, &error));
	g_assert_nonnull(strstr(error->message, "--subject"));
	g_clear_error(&error);
	g_assert_true(review_approve(f->store, &desk, part->reference, "anna@example.org", NULL, &error));
	g_assert_no_error(error);
	g_assert_true(look(f).marketing);
	recording_free(recording);
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
#define ADD(name) g_test_add("/recording/" #name, Fixture, NULL, set_up, test_##name, tear_down)
	ADD(opt_out);
	ADD(mixed);
	ADD(erasure_unproven);
	ADD(duplicate);
	ADD(held);
	ADD(burst);
	ADD(unreadable);
	ADD(unreadable_again);
	ADD(machine_mail);
	ADD(spam_complaint);
	ADD(observe);
	ADD(reclassify);
	ADD(there_and_back);
	ADD(lift);
	ADD(observed_complaint);
	ADD(nobody);
	return g_test_run();
}
