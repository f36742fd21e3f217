#include "filter.h"
#include "testing.h"

/* The words of every hit of a one-file filter in a text, with the line of its rule: "3:stop it|4:…". */
static char *hits_of(const char *rules, const char *text)
{
	g_autofree char *content = g_strconcat("language de\nletters ä=ae ö=oe ü=ue\n[erasure]\n", rules, NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(Filters) filters = filters_parse("test.filter", content, &error);
	g_assert_no_error(error);
	g_autoptr(Tokens) tokens = tokens_new(text);
	g_autoptr(GArray) hits = g_array_new(FALSE, FALSE, sizeof(MatcherHit));
	matcher_match(filters_matcher(filters), tokens, hits);
	GString *out = g_string_new(NULL);
	for (guint i = 0; i < hits->len; i++) {
		const MatcherHit *hit = &g_array_index(hits, MatcherHit, i);
		g_autofree char *words = tokens_words(tokens, hit->start, hit->end, 200);
		g_string_append_printf(out, "%s%u:%s", i ? "|" : "", filters_rule(filters, hit->rule)->line - 3, words);
	}
	return g_string_free(out, FALSE);
}

static void test_phrases(void)
{
	static const struct { const char *rules, *text, *hits; } cases[] = {
		{ "strong delete my data", "Please DELETE my\ndata!", "1:DELETE my\ndata" },
		{ "strong delete my data", "delete my old data", "" },
		{ "strong delete my data", "undelete my data", "" },
		{ "strong (delete|erase) [all] my data", "erase all my data, delete my data", "1:erase all my data|1:delete my data" },
		{ "strong (delete [all of]|erase) my data", "delete all of my data", "1:delete all of my data" },
		{ "strong lösch*", "Löschung, loeschen, lösch, los", "1:Löschung|1:loeschen|1:lösch" },
		{ "strong grüße\nstrong grusse", "Gruesse Grüße grusse", "1:Gruesse|2:Gruesse|1:Grüße|2:Grüße|1:grusse|2:grusse" },
		{ "strong schön\nstrong schoen", "schön schoen", "1:schön|2:schön|1:schoen|2:schoen" },
		{ "strong delete ... data", "delete all of the very old and stale data", "1:delete all of the very old and stale data" },
		{ "strong delete ... data", "delete one two three four five six seven eight nine data", "" },
		{ "strong delete ... data", "Delete it. The data is old.", "" },
		{ "strong delete ... data", "data delete", "" },
		{ "strong a1 ... b1 ... c1", "a1 x b1 y c1 and b1 c1", "1:a1 x b1 y c1|1:a1 x b1 y c1 and b1 c1" },
		{ "strong don't stop", "don’t stop, dont stop, don't stop", "1:don’t stop|1:dont stop|1:don't stop" },
		{ "strong l'oubli", "droit à l’oubli", "1:l’oubli" },
		{ "strong e-mail", "E-Mail, e mail, email", "1:E-Mail|1:e mail" },
		{ "strong unsubscribe", "https://x.example/unsubscribe?a=1 unsubscribe@example.com www.unsubscribe.example unsubscribe.", "1:unsubscribe" },
		{ "strong remove @ [from]", "remove Bob@home.example from it, remove https://x.example/?a@b.example", "1:remove Bob@home.example|1:remove Bob@home.example from" },
		{ "strong 個人情報", "私の個人情報を削除してください", "1:個人情報" },
		{ "strong 情報を ... 削除", "私の個人情報をすべて削除して", "1:情報をすべて削除" },
		{ "strong ลบข้อมูล", "กรุณาลบข้อมูลของฉัน", "1:ลบข้อมูล" },
		{ "strong 수신거부", "수신거부를 원합니다", "1:수신거부를" },
		{ "strong art. 17 dsgvo", "gemäß Art. 17 DSGVO", "1:Art. 17 DSGVO" },
		{ "strong 5.1.1", "550 5.1.1 unknown", "1:5.1.1" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *hits = hits_of(cases[i].rules, cases[i].text);
		g_assert_cmpstr(hits, ==, cases[i].hits);
	}
}

/* Sentence numbers of each token, as a string of digits; `,` where only the clause changes. */
static char *sentences_of(const char *text)
{
	g_autoptr(Tokens) tokens = tokens_new(text);
	GString *out = g_string_new(NULL);
	for (guint i = 0; i < tokens->tokens->len; i++) {
		const Token *token = &g_array_index(tokens->tokens, Token, i);
		if (i && token[-1].sentence == token->sentence && token[-1].clause != token->clause)
			g_string_append_c(out, ',');
		g_string_append_printf(out, "%u", token->sentence);
	}
	return g_string_free(out, FALSE);
}

static void test_sentences(void)
{
	static const struct { const char *text, *sentences; } cases[] = {
		{ "One two. Three four! Five", "00112" },
		{ "Dear all,\nplease delete it\nBob", "001112" },
		{ "this line was wrapped by a program that breaks lines at\nsixty columns", "0000000000000" },
		{ "this line ends its paragraph although it is a long one\n\nsixty columns", "0000000000011" },
		{ "gem. Art. 17 Abs. 1 lit. a sofort, bitte", "00000000,0" },
		{ "am 17. November", "000" },
		{ "z. B. morgen", "000" },
		{ "我要退订。谢谢", "000011" },
		{ "see 1.2.3.4 now", "000000" },
		{ "Unsubscribe:\nhttp://x.example/", "0,0" },
		{ "error 404. Stop", "001" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *sentences = sentences_of(cases[i].text);
		g_assert_cmpstr(sentences, ==, cases[i].sentences);
	}
}

static void test_hostile(void)
{
	/* The same beginning over and over: the list of begun phrases stays short, and the time linear. */
	g_autoptr(GString) text = g_string_new(NULL);
	for (guint i = 0; i < 200000; i++)
		g_string_append(text, "a1 b1 ");
	g_autofree char *many = hits_of("strong a1 ... b1 ... zz\nstrong a1 b1 a1 b1 a1 b1 a1 b1 a1 b1 zz", text->str);
	g_assert_cmpstr(many, ==, "");
	g_string_truncate(text, 0);
	for (guint i = 0; i < 1000000; i++)
		g_string_append_c(text, 'a');
	g_autofree char *longest = hits_of("strong aaa*", text->str);
	g_assert_cmpuint(strlen(longest), ==, 202);
	g_autofree char *odd = hits_of("strong it's", "'''' it's '' it' s \xef\xbf\xbd it''s");
	g_assert_cmpstr(odd, ==, "1:it's");
	g_autofree char *empty = hits_of("strong a", "");
	g_assert_cmpstr(empty, ==, "");
}

int main(int argc, char **argv)
{
	testing_init(argc, argv);
	g_test_add_func("/matcher/phrases", test_phrases);
	g_test_add_func("/matcher/sentences", test_sentences);
	g_test_add_func("/matcher/hostile", test_hostile);
	return g_test_run();
}
