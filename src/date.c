#include "date.h"

#include <stdio.h>
#include <string.h>

char *date_instant(gint64 instant)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(instant);
	return time ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ") : NULL;
}

gboolean date_parse_instant(const char *text, gint64 *instant)
{
	g_autoptr(GDateTime) time = text ? g_date_time_new_from_iso8601(text, NULL) : NULL;
	if (!time)
		return FALSE;
	*instant = g_date_time_to_unix(time);
	return TRUE;
}

char *date_day(const GDate *day)
{
	if (!day || !g_date_valid(day))
		return NULL;
	return g_strdup_printf("%04d-%02d-%02d", g_date_get_year(day), g_date_get_month(day), g_date_get_day(day));
}

gboolean date_parse_day(const char *text, GDate *day)
{
	unsigned year, month, mday;
	int end = 0;
	if (!text || sscanf(text, "%4u-%2u-%2u%n", &year, &month, &mday, &end) != 3 || end != 10 || text[end])
		return FALSE;
	if (!g_date_valid_dmy(mday, month, year))
		return FALSE;
	g_date_clear(day, 1);
	g_date_set_dmy(day, mday, month, year);
	return TRUE;
}

void date_of_instant(gint64 instant, GTimeZone *zone, GDate *day)
{
	g_date_clear(day, 1);
	g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(instant);
	if (!utc)
		return;
	g_autoptr(GDateTime) local = zone ? g_date_time_to_timezone(utc, zone) : g_date_time_ref(utc);
	int year, month, mday;
	g_date_time_get_ymd(local, &year, &month, &mday);
	g_date_set_dmy(day, mday, month, year);
}

gint64 date_now(void)
{
	return g_get_real_time() / G_USEC_PER_SEC;
}
