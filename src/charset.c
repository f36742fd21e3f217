#include "charset.h"

#include <errno.h>
#include <gmime/gmime.h>
#include <string.h>

#include "text.h"

/* What mail calls a character set, and what iconv calls the one to use.  Where a name is often put on bytes of its
 * superset, it means the superset, as in every mail program (WHATWG Encoding Standard, section 4.2).
 * UTF-7 is missing on purpose: it hides markup and words from whoever looks at the bytes. */
static const struct { const char *name, *codec; } names[] = {
	{ "utf-8", "UTF-8" }, { "utf8", "UTF-8" }, { "unicode-1-1-utf-8", "UTF-8" }, { "utf-8mb4", "UTF-8" }, { "cp65001", "UTF-8" },
	{ "utf-16", "UTF-16" }, { "utf-16le", "UTF-16LE" }, { "utf-16be", "UTF-16BE" }, { "utf-32", "UTF-32" },
	{ "iso-8859-1", "CP1252" }, { "latin1", "CP1252" }, { "latin-1", "CP1252" }, { "iso8859-1", "CP1252" }, { "iso_8859-1", "CP1252" },
	{ "iso-8859-2", "ISO-8859-2" }, { "latin2", "ISO-8859-2" }, { "iso-8859-3", "ISO-8859-3" }, { "iso-8859-4", "ISO-8859-4" },
	{ "iso-8859-5", "ISO-8859-5" }, { "iso-8859-6", "ISO-8859-6" }, { "iso-8859-6-i", "ISO-8859-6" },
	{ "iso-8859-7", "ISO-8859-7" }, { "iso-8859-8", "ISO-8859-8" }, { "iso-8859-8-i", "ISO-8859-8" },
	{ "iso-8859-9", "CP1254" }, { "latin5", "CP1254" }, { "iso-8859-10", "ISO-8859-10" }, { "iso-8859-11", "CP874" },
	{ "iso-8859-13", "ISO-8859-13" }, { "iso-8859-14", "ISO-8859-14" }, { "iso-8859-15", "ISO-8859-15" },
	{ "latin9", "ISO-8859-15" }, { "iso-8859-16", "ISO-8859-16" },
	{ "windows-1250", "CP1250" }, { "windows-1251", "CP1251" }, { "windows-1252", "CP1252" }, { "windows-1253", "CP1253" },
	{ "windows-1254", "CP1254" }, { "windows-1255", "CP1255" }, { "windows-1256", "CP1256" }, { "windows-1257", "CP1257" },
	{ "windows-1258", "CP1258" }, { "windows-874", "CP874" }, { "tis-620", "CP874" }, { "cp437", "CP437" }, { "ibm437", "CP437" },
	{ "cp850", "CP850" }, { "ibm850", "CP850" }, { "cp852", "CP852" }, { "cp866", "CP866" }, { "ibm866", "CP866" },
	{ "koi8-r", "KOI8-R" }, { "koi8-u", "KOI8-U" }, { "koi8-ru", "KOI8-U" },
	{ "macintosh", "MACINTOSH" }, { "x-mac-roman", "MACINTOSH" }, { "mac", "MACINTOSH" }, { "x-mac-cyrillic", "MAC-CYRILLIC" },
	{ "gb18030", "GB18030" }, { "gb2312", "GB18030" }, { "gbk", "GB18030" }, { "cp936", "GB18030" }, { "x-gbk", "GB18030" },
	{ "gb_2312-80", "GB18030" }, { "hz-gb-2312", "ISO-2022-CN" }, { "euc-cn", "GB18030" },
	{ "big5", "BIG5-HKSCS" }, { "big5-hkscs", "BIG5-HKSCS" }, { "cp950", "CP950" }, { "euc-tw", "EUC-TW" },
	{ "euc-jp", "EUC-JP" }, { "x-euc-jp", "EUC-JP" }, { "iso-2022-jp", "ISO-2022-JP-2" }, { "iso-2022-jp-2", "ISO-2022-JP-2" },
	{ "iso-2022-jp-3", "ISO-2022-JP-3" }, { "shift_jis", "CP932" }, { "shift-jis", "CP932" }, { "sjis", "CP932" }, { "x-sjis", "CP932" },
	{ "windows-31j", "CP932" }, { "cp932", "CP932" },
	{ "euc-kr", "UHC" }, { "ks_c_5601-1987", "UHC" }, { "ksc5601", "UHC" }, { "cp949", "UHC" }, { "uhc", "UHC" },
	{ "iso-2022-kr", "ISO-2022-KR" }, { "viscii", "VISCII" }, { "tcvn", "TCVN" }, { "armscii-8", "ARMSCII-8" },
	{ "georgian-ps", "GEORGIAN-PS" },
};

static GHashTable *codecs;   /* name → iconv_t, or NULL for UTF-8, which needs none */

void charset_setup(void)
{
	if (codecs)
		return;
	codecs = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) opened = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		iconv_t codec = NULL;
		if (!g_str_equal(names[i].codec, "UTF-8") && !(codec = g_hash_table_lookup(opened, names[i].codec))) {
			codec = g_mime_iconv_open("UTF-8", names[i].codec);
			if (codec == (iconv_t)-1)
				continue;   /* this C library doesn't have it: unknown */
			/* A module is loaded in full only by its first conversion. */
			char in[] = "a", out[16], *from = in, *to = out;
			size_t left = 1, room = sizeof out;
			iconv(codec, &from, &left, &to, &room);
			g_hash_table_insert(opened, (gpointer)names[i].codec, codec);
		}
		g_hash_table_insert(codecs, (gpointer)names[i].name, codec);
	}
}

static gboolean means_nothing(const char *name)
{
	static const char *const vague[] = { "", "us-ascii", "ascii", "ansi_x3.4-1968", "iso646-us", "unknown-8bit", "x-unknown", "unknown",
					     "default", "default_charset", "none", "8bit", "7bit", "binary", "x-user-defined" };
	for (guint i = 0; i < G_N_ELEMENTS(vague); i++)
		if (g_str_equal(name, vague[i]))
			return TRUE;
	return FALSE;
}

/* FALSE: unknown.  Spellings such as cp1252, iso8859_15 or windows_1250 are brought to one. */
static gboolean find(const char *name, iconv_t *codec)
{
	if (g_hash_table_lookup_extended(codecs, name, NULL, (gpointer *)codec))
		return TRUE;
	const char *digits = g_str_has_prefix(name, "cp-") ? name + 3 : g_str_has_prefix(name, "cp") ? name + 2 :
			     g_str_has_prefix(name, "windows") ? name + 7 + (name[7] == '_') : g_str_has_prefix(name, "x-cp") ? name + 4 : NULL;
	g_autofree char *other = NULL;
	if (digits)
		other = g_strconcat("windows-", digits, NULL);
	else if (g_str_has_prefix(name, "iso") && (digits = strstr(name, "8859")) && digits[4])
		other = g_strconcat("iso-8859-", digits + 5, NULL);
	if (!other)
		return FALSE;
	char *year = strchr(other, ':');   /* iso_8859-1:1987 */
	if (year)
		*year = '\0';
	return g_hash_table_lookup_extended(codecs, other, NULL, (gpointer *)codec);
}

static char *cut(char *text, gsize limit)
{
	gsize length = strlen(text);
	if (length > limit)
		*g_utf8_find_prev_char(text, text + limit + 1) = '\0';
	return text;
}

/* Every undefined byte costs one U+FFFD and one call: linear. */
static char *convert(iconv_t codec, const char *bytes, gsize length, gsize limit)
{
	GString *out = g_string_sized_new(MIN(length + length / 2, limit) + 64);
	char block[4096], *from = (char *)bytes;
	size_t left = length;

	iconv(codec, NULL, NULL, NULL, NULL);
	while (left && out->len <= limit) {
		char *to = block;
		size_t room = sizeof block;
		size_t done = iconv(codec, &from, &left, &to, &room);
		int reason = errno;
		g_string_append_len(out, block, to - block);
		if (done != (size_t)-1)
			break;
		if (reason == E2BIG)
			continue;
		g_string_append(out, "\xef\xbf\xbd");
		if (reason != EILSEQ || !left)
			break;   /* EINVAL: cut off within a character */
		from++, left--;
	}
	char *text = text_valid(out->str, out->len);
	g_string_free(out, TRUE);
	return text;
}

char *charset_to_utf8(const char *charset, const char *bytes, gsize length, gsize limit, gboolean *unknown)
{
	g_autofree char *name = charset ? g_ascii_strdown(charset, -1) : NULL;
	iconv_t codec = NULL;
	length = MIN(length, limit * 4);   /* no character set needs more bytes for a character */
	if (!name || means_nothing(g_strstrip(name))) {
		g_autofree char *valid = text_valid(bytes, length);
		if (strlen(valid) == length)   /* nothing had to be replaced */
			return cut(g_steal_pointer(&valid), limit);
		g_hash_table_lookup_extended(codecs, "windows-1252", NULL, (gpointer *)&codec);
	} else if (!find(name, &codec)) {
		*unknown = TRUE;
	}
	return cut(codec ? convert(codec, bytes, length, limit) : text_valid(bytes, length), limit);
}
