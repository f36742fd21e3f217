#include "reference.h"

#include <string.h>
#include <uuid/uuid.h>

enum { DIGITS = 7, BASE = 32 };

/* Crockford's base32: no I, L, O (read as 1, 1, 0), and no U. */
static const char alphabet[BASE + 1] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void uuid_new(char uuid[UUID_SIZE])
{
	uuid_t bytes;
	uuid_generate_random(bytes);
	uuid_unparse_lower(bytes, uuid);
}

gboolean uuid_is_valid(const char *uuid)
{
	uuid_t bytes;
	return uuid && uuid_parse(uuid, bytes) == 0;
}

/* Luhn's algorithm modulo 32: from the right, every second value, the last one first, counts double, and a doubled value
 * counts as the sum of its digits in base 32. */
static guint check_value(const guint8 values[DIGITS])
{
	guint sum = 0;
	for (guint i = 0; i < DIGITS; i++) {
		guint value = values[DIGITS - 1 - i];
		if (i % 2 == 0)
			value *= 2;
		sum += value / BASE + value % BASE;
	}
	return (BASE - sum % BASE) % BASE;
}

static void write_down(const guint8 values[DIGITS], char reference[REFERENCE_SIZE])
{
	char *p = reference;
	for (guint i = 0; i < DIGITS; i++) {
		*p++ = alphabet[values[i]];
		if (i == 3)
			*p++ = '-';
	}
	*p++ = alphabet[check_value(values)];
	*p = '\0';
}

void reference_of(const char *uuid, char reference[REFERENCE_SIZE])
{
	uuid_t bytes;
	guint64 bits = 0;
	if (uuid_parse(uuid, bytes) == 0)
		for (guint i = 0; i < 5; i++)   /* the first 48 bits of a version 4 UUID are random */
			bits = bits << 8 | bytes[i];
	bits >>= 5;
	guint8 values[DIGITS];
	for (guint i = 0; i < DIGITS; i++)
		values[i] = bits >> (5 * (DIGITS - 1 - i)) & (BASE - 1);
	write_down(values, reference);
}

static int value_of(char c)
{
	c = g_ascii_toupper(c);
	if (c == 'O')
		return 0;
	if (c == 'I' || c == 'L')
		return 1;
	const char *place = c ? strchr(alphabet, c) : NULL;
	return place ? (int)(place - alphabet) : -1;
}

gboolean reference_parse(const char *typed, char reference[REFERENCE_SIZE])
{
	guint8 values[DIGITS + 1];
	guint count = 0;
	for (const char *p = typed ? typed : ""; *p; p++) {
		if (*p == '-' || g_ascii_isspace(*p))
			continue;
		int value = value_of(*p);
		if (value < 0 || count > DIGITS)
			return FALSE;
		values[count++] = (guint8)value;
	}
	if (count != DIGITS + 1 || values[DIGITS] != check_value(values))
		return FALSE;
	write_down(values, reference);
	return TRUE;
}
