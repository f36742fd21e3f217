/* layer 3 values - ack: composes the acknowledgement of a case, whole and in memory (RFC 3834 form).
 *
 * The texts are policy: filters/acks/<language>/<text>, with fields in braces; see ack-texts.h and optout-filters(5).
 * Output is CRLF, UTF-8 (quoted-printable or base64 where needed, RFC 2047 in headers), lines of at most 998 octets, never from
 * the sender's words except a sanitised Message-ID in In-Reply-To and References, and the data subject's address in its canonical form.
 */
#pragma once
#include <glib.h>

#include "case.h"
#include "config.h"
#include "record.h"

typedef struct AckTexts AckTexts;

/* Reads every text of acks/ in each directory and checks their fields, so that a broken one stops the start. */
AckTexts *ack_texts_load(char **directories, GError **error);
void ack_texts_free(AckTexts *texts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AckTexts, ack_texts_free)

/* The language to write in: the case's if there are texts in it, else the first of the controller's languages that has texts,
 * else "en".  Borrowed from `texts`. */
const char *ack_language(const AckTexts *texts, const Case *c, const ConfigController *controller);

/* The controller of the case as it is configured now; NULL: it is not any more. */
const ConfigController *ack_controller(const Config *config, const Case *c);

/* Which text suits the case: "opt-out" (all of its requests are fulfilled by being recorded), "request" (each wants an answer), "mixed", or
 * NULL: nothing to acknowledge (an enquiry: a person answers it, and an automatic "we have read this" says nothing that helps). */
const char *ack_text_name(const Case *c);

/* The whole message, dated `now`.  A letter->text that isn't one of the usual names names another text; else the one that suits the case is
 * taken.  *error PERMANENT: nothing can be composed for this letter; its message says why. */
GBytes *ack_compose(const AckTexts *texts, const Letter *letter, const Case *c, const Config *config,
		    const ConfigController *controller, gint64 now, GError **error);
