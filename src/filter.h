/* layer 2 judgement - filter: what phrases mean, read from the filter files (optout-filters(5)), all languages in one matcher.
 *
 * A file is UTF-8, one a language; `common.filter` (language und) holds what belongs to none.  `#` begins a comment at the beginning of a
 * line or after two spaces.
 *
 *   language de                 BCP 47; needed, before the first section
 *   letters ä=ae ß=ss           what people write instead of a letter: both spellings match
 *   override                    first line: this file replaces those of the same name in earlier directories, instead of adding
 *
 *   [erasure]                   a request, or a kind of message: lines `strong|weak|never [subject:|body:] PATTERN`
 *       strong   enough alone
 *       weak     adds up with others
 *       never    cancels the hits of this section in the same sentence
 *   [negation]                  lines `before|after|stop PATTERN`
 *       before   stands before the request that it takes back: cancels one that begins up to five words later in the same clause
 *       after    stands after it: cancels one that ended up to three words earlier in the same clause
 *       stop     ends a clause, as commas do (but, aber): negations do not reach over it
 *       A negation that is part of a phrase of a request ("do not email me") is used up by it.
 *   [hypothetical]              requests in the same sentence become signs of an enquiry; what is urgent there is not
 *   [urgent] [agent] [law gdpr] lines `[strong|weak|never] [subject:|body:] PATTERN`; without a word, strong
 *   [address]                   the same; what announces the data subject's address ("my other address is")
 *   [wish]                      the same; what people ask with, whatever they ask for ("could you please")
 *   [client-made]               the same; sentences that mail programs write when their user presses Unsubscribe
 *   [language]                  each word of a line by itself: tells the language and nothing else
 *   [quote]                     lines `reply|forward|field|signature|footer MARKER`: where the writer's own words end
 *
 * PATTERN: see pattern.h.
 */
#pragma once
#include <glib.h>

#include "matcher.h"
#include "vocabulary.h"

typedef enum {
	SECTION_REQUEST,        /* value: RequestType */
	SECTION_KIND,           /* value: Kind */
	SECTION_NEGATION,
	SECTION_HYPOTHETICAL,
	SECTION_URGENT,
	SECTION_AGENT,
	SECTION_WISH,
	SECTION_ADDRESS,
	SECTION_CLIENT_MADE,
	SECTION_LAW,            /* value: Law */
	SECTION_LANGUAGE,
	SECTION_QUOTE,
} FilterSection;

typedef enum { STRENGTH_STRONG, STRENGTH_WEAK, STRENGTH_NEVER, STRENGTH_BEFORE, STRENGTH_AFTER, STRENGTH_STOP } FilterStrength;

typedef enum { WHERE_ANY, WHERE_SUBJECT, WHERE_BODY } FilterWhere;

typedef struct {
	FilterSection section;
	guint value;
	FilterStrength strength;
	FilterWhere where;
	gboolean at_start, at_end;   /* of its sentence */
	guint file, language;        /* indexes, for filters_file_name and filters_language */
	guint line;
} FilterRule;

typedef enum { MARKER_REPLY, MARKER_FORWARD, MARKER_FIELD, MARKER_SIGNATURE, MARKER_FOOTER } FilterMarkerKind;

/* A line of [quote]: for visible_markers_add of visible.h, whose kinds have the same order. */
typedef struct {
	FilterMarkerKind kind;
	char *pattern;
	char *file;   /* whole path, for messages */
	guint line;
} FilterMarker;

typedef struct Filters Filters;

/* Reads every *.filter of each directory, or the image of them in the last one if it is of exactly these texts.  *error: PERMANENT `FILE:LINE: what is wrong, what would be right`, or TEMPORARY where a
 * file can't be read. */
Filters *filters_load(char **directories, GError **error);
/* Writes the image, from the texts, into the last of the directories, for filters_load; *path is set to it (owned). */
gboolean filters_compile(char **directories, char **path, GError **error);
/* NULL: they come from the image; else why not: "missing", "stale", … */
const char *filters_no_image(const Filters *filters);
/* One file from memory, for tests; `path` is what messages call it. */
Filters *filters_parse(const char *path, const char *content, GError **error);
void filters_free(Filters *filters);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Filters, filters_free)

/* All borrowed.  A MatcherHit's rule is an index for filters_rule. */
const Matcher *filters_matcher(const Filters *filters);
const FilterRule *filters_rule(const Filters *filters, guint rule);
guint filters_rule_count(const Filters *filters);
const char *filters_file_name(const Filters *filters, guint file);   /* without its directory */
const char *filters_language(const Filters *filters, guint language);
guint filters_language_count(const Filters *filters);
const GPtrArray *filters_markers(const Filters *filters);            /* FilterMarker* */
