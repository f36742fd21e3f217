#include "law.h"

#include <string.h>

#include "status.h"

typedef enum { UNIT_NONE, UNIT_DAYS, UNIT_BUSINESS_DAYS, UNIT_MONTHS } Unit;

typedef struct {
	guint length;
	Unit unit;            /* UNIT_NONE: no clock */
} Period;

typedef struct {
	gboolean known;       /* has a block */
	Period requests[REQUEST_COUNT];
	Period enquiry;
	char **countries;     /* NULL: none */
	gboolean moves_weekend_end;
} Block;

struct Laws {
	Block blocks[LAW_COUNT];
};

/* --- reading ---------------------------------------------------------------------------------------------------- */

static gboolean parse_period(const char *text, Period *period)
{
	static const struct { const char *name; Unit unit; guint most; } units[] = {
		{ "days", UNIT_DAYS, 3660 }, { "business-days", UNIT_BUSINESS_DAYS, 2600 }, { "months", UNIT_MONTHS, 120 },
	};
	g_auto(GStrv) words = g_strsplit(text, " ", -1);
	guint64 length;
	if (g_strv_length(words) != 2)
		return FALSE;
	for (guint i = 0; i < G_N_ELEMENTS(units); i++)
		if (g_str_equal(words[1], units[i].name) && g_ascii_string_to_unsigned(words[0], 10, 1, units[i].most, &length, NULL)) {
			*period = (Period){ (guint)length, units[i].unit };
			return TRUE;
		}
	return FALSE;
}

static gboolean set_key(Block *block, const char *key, const char *value)
{
	RequestType type;
	Period period;
	if (g_str_equal(key, "source") || g_str_equal(key, "checked"))
		return TRUE;
	if (g_str_equal(key, "countries")) {
		g_strfreev(block->countries);
		block->countries = g_strsplit(value, " ", -1);
		return TRUE;
	}
	if (g_str_equal(key, "end-on-weekend")) {
		block->moves_weekend_end = g_str_equal(value, "next-working-day");
		return block->moves_weekend_end || g_str_equal(value, "stays");
	}
	if (!parse_period(value, &period))
		return FALSE;
	if (g_str_equal(key, "enquiry")) {
		block->enquiry = period;
	} else if (g_str_equal(key, "every-request")) {
		for (guint i = 0; i < REQUEST_COUNT; i++)
			if (block->requests[i].unit == UNIT_NONE)
				block->requests[i] = period;
	} else {
		if (!request_parse(key, &type))
			return FALSE;
		block->requests[type] = period;
	}
	return TRUE;
}

static void clear_block(Block *block)
{
	g_strfreev(block->countries);
	memset(block, 0, sizeof *block);
}

static gboolean load_file(Laws *laws, const char *path, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(GError) cause = NULL;
	if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, &cause))
		return status_fail(error, STATUS_PERMANENT, "%s: %s", path, cause->message);
	g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
	for (int i = 0; groups[i]; i++) {
		Law law;
		if (!law_parse(groups[i], &law))
			return status_fail(error, STATUS_PERMANENT, "%s: [%s] is no law that optout knows", path, groups[i]);
		clear_block(&laws->blocks[law]);
		laws->blocks[law].known = TRUE;
		g_auto(GStrv) keys = g_key_file_get_keys(file, groups[i], NULL, NULL);
		for (int k = 0; keys && keys[k]; k++) {
			g_autofree char *value = g_key_file_get_value(file, groups[i], keys[k], NULL);
			if (!set_key(&laws->blocks[law], keys[k], g_strstrip(value)))
				return status_fail(error, STATUS_PERMANENT, "%s: [%s] %s: \"%s\" is no such setting; write a line like `access = 45 days`, "
				                   "with days, business-days or months", path, groups[i], keys[k], value);
		}
	}
	return TRUE;
}

Laws *laws_load(char **directories, GError **error)
{
	g_autoptr(Laws) laws = g_new0(Laws, 1);
	g_autofree char *last = NULL;
	for (int i = 0; directories[i]; i++) {
		g_autofree char *path = g_build_filename(directories[i], "laws", NULL);
		if (!g_file_test(path, G_FILE_TEST_EXISTS))
			continue;
		if (!load_file(laws, path, error))
			return NULL;
		g_free(last);
		last = g_steal_pointer(&path);
	}
	/* Everything falls back on the house promise: without it a case could have no date. */
	const Block *house = &laws->blocks[LAW_HOUSE];
	gboolean whole = house->known && house->enquiry.unit != UNIT_NONE;
	for (guint i = 0; i < REQUEST_COUNT; i++)
		whole = whole && house->requests[i].unit != UNIT_NONE;
	if (!whole) {
		status_fail(error, STATUS_PERMANENT, "%s: [house] must have every-request and enquiry, since it applies where no law does",
		            last ? last : "no file \"laws\" in the filters directories");
		return NULL;
	}
	return g_steal_pointer(&laws);
}

void laws_free(Laws *laws)
{
	if (!laws)
		return;
	for (guint i = 0; i < LAW_COUNT; i++)
		clear_block(&laws->blocks[i]);
	g_free(laws);
}

/* --- counting --------------------------------------------------------------------------------------------------- */

static gboolean is_weekend(const GDate *day)
{
	return g_date_get_weekday(day) >= G_DATE_SATURDAY;
}

static void add_business_days(GDate *day, guint days)
{
	while (days) {
		g_date_add_days(day, 1);
		if (!is_weekend(day))
			days--;
	}
}

/* Regulation 1182/71 Art. 3(1), (2)(c), (4): the day of the event isn't counted; a period in months ends on the day of the
 * same number, in a shorter month on its last day; an end on a non-working day moves to the next working day. */
static void count(const Block *block, const Period *period, const GDate *received, GDate *due)
{
	*due = *received;
	switch (period->unit) {
	case UNIT_NONE:
	case UNIT_DAYS: g_date_add_days(due, period->length); break;
	case UNIT_BUSINESS_DAYS: add_business_days(due, period->length); break;
	case UNIT_MONTHS: g_date_add_months(due, period->length); break;
	}
	while (block->moves_weekend_end && is_weekend(due))
		g_date_add_days(due, 1);
}

/* --- asking ----------------------------------------------------------------------------------------------------- */

void laws_due(const Laws *laws, Law law, RequestType type, const GDate *received, GDate *due)
{
	const Block *block = &laws->blocks[law];
	if (block->requests[type].unit == UNIT_NONE)
		block = &laws->blocks[LAW_HOUSE];
	count(block, &block->requests[type], received, due);
}

void laws_due_enquiry(const Laws *laws, const GDate *received, GDate *due)
{
	const Block *house = &laws->blocks[LAW_HOUSE];
	count(house, &house->enquiry, received, due);
}

Law laws_choose(const Laws *laws, RequestType type, gboolean names_law, Law named, const char *country, const GDate *received)
{
	if (names_law && laws->blocks[named].requests[type].unit != UNIT_NONE)
		return named;
	Law best = LAW_HOUSE;
	GDate best_due;
	g_date_clear(&best_due, 1);
	for (Law law = 0; country && law < LAW_COUNT; law++) {
		const Block *block = &laws->blocks[law];
		if (!block->countries || block->requests[type].unit == UNIT_NONE || !g_strv_contains((const char *const *)block->countries, country))
			continue;
		GDate due;
		laws_due(laws, law, type, received, &due);
		if (!g_date_valid(&best_due) || g_date_compare(&due, &best_due) < 0) {
			best = law;
			best_due = due;
		}
	}
	return best;
}
