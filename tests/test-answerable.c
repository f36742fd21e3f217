#include "answerable.h"
#include "testing.h"

static ConfigController controller = { .id = (char *)"shop", .name = (char *)"Shop" };
static ConfigAddress ours = { (char *)"privacy@example.com", &controller, ROLE_PRIVACY, AFTER_DELIVER };

/* Everything in order: the answer is yes. */
typedef struct {
	Config *config;
	Envelope *envelope;
	Verdict *verdict;
	AnswerHistory history;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
	(void)data;
	f->config = config_default();
	g_ptr_array_set_free_func(f->config->addresses, NULL);
	g_ptr_array_add(f->config->addresses, &ours);
	f->config->authserv_id = g_strdup("mx.example.com");
	f->envelope = envelope_new();
	envelope_set_sender(f->envelope, "<prvs=1234aa=anna@example.org>");
	f->verdict = verdict_new();
	f->verdict->kind = KIND_REQUEST;
	g_ptr_array_add(f->verdict->requests, verdict_request_new(REQUEST_ACCESS, 1));
	Facts *facts = f->verdict->facts = facts_new();
	facts->from = g_strdup("Anna@example.org");
	facts->from_count = 1;
	facts->authentication = EVIDENCE_E2;
	g_ptr_array_add(facts->to, g_strdup("Privacy+x@example.com"));
	f->history = (AnswerHistory){ 0 };
}

static void tear_down(Fixture *f, gconstpointer data)
{
	(void)data;
	config_unref(f->config);
	envelope_free(f->envelope);
	verdict_free(f->verdict);
}

static void expect(const Fixture *f, Answer answer, const char *words)
{
	Answerability result = answerable(f->config, f->envelope, f->verdict, &ours, &f->history);
	g_test_message("%d %s", result.answer, result.reason);
	g_assert_cmpint(result.answer, ==, answer);
	g_assert_nonnull(strstr(result.reason, words));
	answerability_clear(&result);
}

static void set(char **member, const char *value)
{
	g_free(*member);
	*member = g_strdup(value);
}

static void test_yes(Fixture *f, gconstpointer data)
{
	(void)data;
	expect(f, ANSWER_YES, "vouches");
	set(&f->verdict->facts->auto_submitted, "no");
	set(&f->verdict->facts->precedence, "first-class");
	set(&f->verdict->facts->suppress, "dr, rn");
	expect(f, ANSWER_YES, "vouches");
}

static void test_kind(Fixture *f, gconstpointer data)
{
	(void)data;
	for (Kind kind = 0; kind < KIND_COUNT; kind++) {
		f->verdict->kind = kind;
		if (kind != KIND_REQUEST)
			expect(f, ANSWER_NO, kind == KIND_ENQUIRY ? "person" : "no request");
	}
}

static void test_client_made(Fixture *f, gconstpointer data)
{
	(void)data;
	f->verdict->client_made = TRUE;
	set(&f->verdict->facts->auto_submitted, "auto-replied");
	expect(f, ANSWER_NO, "answer-client-made");
	f->config->answer_client_made = TRUE;
	expect(f, ANSWER_YES, "vouches");
}

/* RFC 3834 section 2 and what other programs add to it. */
static void test_automatic(Fixture *f, gconstpointer data)
{
	(void)data;
	Facts *facts = f->verdict->facts;
	envelope_set_sender(f->envelope, "<>");
	expect(f, ANSWER_NO, "null envelope sender");
	envelope_set_sender(f->envelope, "anna@example.org");

	static const char *const automatic[] = { "auto-generated", "auto-replied", "auto-notified" };
	for (guint i = 0; i < G_N_ELEMENTS(automatic); i++) {
		set(&facts->auto_submitted, automatic[i]);
		expect(f, ANSWER_NO, "Auto-Submitted");
	}
	set(&facts->auto_submitted, NULL);
	static const char *const bulk[] = { "bulk", "junk", "list" };
	for (guint i = 0; i < G_N_ELEMENTS(bulk); i++) {
		set(&facts->precedence, bulk[i]);
		expect(f, ANSWER_NO, "Precedence");
	}
	set(&facts->precedence, NULL);
	static const char *const suppress[] = { "all", "dr, oof", "autoreply" };
	for (guint i = 0; i < G_N_ELEMENTS(suppress); i++) {
		set(&facts->suppress, suppress[i]);
		expect(f, ANSWER_NO, "Suppress");
	}
	set(&facts->suppress, NULL);

	struct { gboolean *flag; const char *words; } flags[] = {
		{ &facts->has_list_field, "list" }, { &facts->has_loop_field, "responder" }, { &facts->is_flagged_spam, "spam" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(flags); i++) {
		*flags[i].flag = TRUE;
		expect(f, ANSWER_NO, flags[i].words);
		*flags[i].flag = FALSE;
	}
	set(&facts->report_type, "");
	expect(f, ANSWER_NO, "report");
	set(&facts->report_type, NULL);

	envelope_set_sender(f->envelope, "no-reply@example.org");
	expect(f, ANSWER_NO, "robot");
	envelope_set_sender(f->envelope, "privacy@example.com");
	expect(f, ANSWER_NO, "our own");
	envelope_set_sender(f->envelope, "anna@example.org");
	g_ptr_array_set_size(facts->to, 0);
	expect(f, ANSWER_NO, "neither To nor Cc");
}

static void test_proof(Fixture *f, gconstpointer data)
{
	(void)data;
	Facts *facts = f->verdict->facts;
	set(&facts->message_id, "17-1@EXAMPLE.com");
	expect(f, ANSWER_HELD, "Message-ID is of our own domain");
	set(&facts->message_id, "17-1@mx.example.com");
	expect(f, ANSWER_YES, "vouches");
	static const EvidenceLevel low[] = { EVIDENCE_E0, EVIDENCE_E1 };
	for (guint i = 0; i < G_N_ELEMENTS(low); i++) {
		facts->authentication = low[i];
		expect(f, ANSWER_HELD, "not authenticated");
	}
	facts->authentication = EVIDENCE_E2;
	envelope_set_sender(f->envelope, "other@example.org");
	expect(f, ANSWER_HELD, "differ");
	envelope_set_sender(f->envelope, "\"a b\"@example.org");
	expect(f, ANSWER_HELD, "written to");
	envelope_set_sender(f->envelope, "anna@example.org");
	facts->from_count = 2;
	expect(f, ANSWER_HELD, "single From");
	facts->from_count = 1;
	f->verdict->review = TRUE;
	expect(f, ANSWER_HELD, "operator");
	g_clear_pointer(&f->config->authserv_id, g_free);
	expect(f, ANSWER_HELD, "authserv-id");
}

static void test_history(Fixture *f, gconstpointer data)
{
	(void)data;
	f->history.to_address_today = f->config->answers_per_address;
	expect(f, ANSWER_HELD, "answers-per-address");
	f->history = (AnswerHistory){ .to_domain_today = f->config->answers_per_domain };
	expect(f, ANSWER_HELD, "answers-per-domain");
	f->history = (AnswerHistory){ .to_anyone_this_hour = f->config->answers_in_all };
	expect(f, ANSWER_HELD, "answers-in-all");
	f->history = (AnswerHistory){ .same_matter = TRUE };
	expect(f, ANSWER_NO, "answer-window");
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
#define ADD(name) g_test_add("/answerable/" #name, Fixture, NULL, set_up, test_##name, tear_down)
	ADD(yes);
	ADD(kind);
	ADD(client_made);
	ADD(automatic);
	ADD(proof);
	ADD(history);
	return g_test_run();
}
