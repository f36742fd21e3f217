/* layer 3 values - milter: the milter protocol, version 6, as the filter speaks it; without I/O: bytes in, events out, replies to bytes.
 *
 * There is no standard; the definition is libmilter's <libmilter/mfdef.h> and what Sendmail and Postfix do.  A packet is a big-endian u32 length,
 * a command byte, and the command's data.
 *
 * A reply that the server doesn't expect would be taken for the reply to the next step, and everything after it would go wrong.
 * So a Milter keeps account of what is owed: an event that wants an answer stops milter_next() until milter_answer() was called once, and an
 * answer that isn't owed is never written.  A caller can therefore answer each step without knowing what was negotiated.
 * Only an abort or the end of the connection cancels the debt.
 *
 * Bounds: a packet longer than MILTER_MAX_PACKET is a violation, but for headers and body: of those the beginning is handed out and the
 * rest thrown away as it comes, because a big header is no reason to lose a connection with other people's mail in it.
 */
#pragma once
#include <glib.h>

enum { MILTER_VERSION = 6, MILTER_MAX_PACKET = (1 << 20) + (1 << 16) };

/* Command bytes (SMFIC_*). */
typedef enum {
	MILTER_OPTNEG = 'O', MILTER_MACROS = 'D', MILTER_CONNECT = 'C', MILTER_HELO = 'H', MILTER_MAIL = 'M', MILTER_RCPT = 'R',
	MILTER_DATA = 'T', MILTER_UNKNOWN = 'U', MILTER_HEADER = 'L', MILTER_EOH = 'N', MILTER_BODY = 'B', MILTER_EOM = 'E',
	MILTER_ABORT = 'A', MILTER_QUIT = 'Q', MILTER_QUIT_NC = 'K'
} MilterCommand;

/* What a filter may do (SMFIF_*): offered by the server, asked for by us. */
typedef enum {
	MILTER_MAY_ADD_HEADERS = 0x01, MILTER_MAY_DELETE_RECIPIENTS = 0x08, MILTER_MAY_CHANGE_HEADERS = 0x10,
	MILTER_MAY_QUARANTINE = 0x20, MILTER_MAY_SET_MACROS = 0x100
} MilterActions;

/* Steps the server leaves out (NO), sends without awaiting a reply (NR), and manners (SMFIP_*). */
typedef enum {
	MILTER_NO_CONNECT = 0x01, MILTER_NO_HELO = 0x02, MILTER_NO_UNKNOWN = 0x100, MILTER_NO_DATA = 0x200,
	MILTER_NR_HEADER = 0x80, MILTER_NR_CONNECT = 0x1000, MILTER_NR_HELO = 0x2000, MILTER_NR_MAIL = 0x4000, MILTER_NR_RCPT = 0x8000,
	MILTER_NR_DATA = 0x10000, MILTER_NR_UNKNOWN = 0x20000, MILTER_NR_EOH = 0x40000, MILTER_NR_BODY = 0x80000,
	MILTER_SKIP = 0x400,                 /* the server understands "no more body, please" */
	MILTER_LEADING_SPACE = 0x100000      /* header values come with the space after the colon, and go so */
} MilterSteps;

typedef struct {
	guint32 version, actions, steps;
} MilterOptions;

/* What we ask for, given what the server offers: never more than that.  Only DATA, or end of headers where the server knows no DATA, and
 * end of message wait for an answer; the rest is left out or sent without. */
MilterOptions milter_negotiate(const MilterOptions *offered);

/* Strings are NUL-terminated.  All of it is borrowed, until the next call of milter_next() or milter_feed(). */
typedef struct {
	MilterCommand command;
	gboolean wants_answer;
	gboolean is_cut;             /* header or body: the packet was too long, this is its beginning */
	const char *name;            /* header: name; connect: host name */
	const char *value;           /* header: value; connect: address or ""; helo: name; mail, rcpt: address; unknown: the command line */
	char family;                 /* connect: '4', '6', 'L' (Unix) or 'U' (unknown) */
	guint16 port;                /* connect */
	const guint8 *bytes;         /* body, end of message: a piece of the body; macros: the pairs */
	gsize length;
	MilterCommand step;          /* macros: the step that they belong to and precede */
	MilterOptions offered;       /* option negotiation; our reply is already written */
} MilterEvent;

typedef struct Milter Milter;

Milter *milter_new(void);
void milter_free(Milter *milter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Milter, milter_free)

/* Appends what came from the server, cut anywhere. */
void milter_feed(Milter *milter, const void *bytes, gsize length);
/* Whether enough is buffered that the caller should stop reading until events were taken. */
gboolean milter_is_full(const Milter *milter);

typedef enum { MILTER_WAIT, MILTER_EVENT, MILTER_VIOLATION } MilterNext;
/* MILTER_WAIT: nothing whole is there, or an answer is owed first.  MILTER_VIOLATION: the server broke the protocol, and the only remedy is to
 * close the connection; milter_violation() says how, in our own words.  It stays so. */
MilterNext milter_next(Milter *milter, MilterEvent *event);
const char *milter_violation(const Milter *milter);

/* What was agreed; all zero before. */
const MilterOptions *milter_options(const Milter *milter);

/* The value of a macro in a MILTER_MACROS event, `i` or `{client_addr}`; NULL where it isn't there. */
const char *milter_macro(const MilterEvent *event, const char *name);

/* --- replies; all return FALSE, and write nothing, where they are not allowed now or were not agreed --- */

typedef enum {
	MILTER_CONTINUE = 'c', MILTER_ACCEPT = 'a', MILTER_DISCARD = 'd', MILTER_REJECT = 'r', MILTER_TEMPFAIL = 't',
	MILTER_SKIP_BODY = 's'       /* MILTER_CONTINUE where it wasn't agreed, or for any other step than the body */
} MilterAnswer;

gboolean milter_is_owed(const Milter *milter);
/* Pays what is owed. */
gboolean milter_answer(Milter *milter, MilterAnswer answer);
/* As above, with the words: `451`, `4.3.0`, one line of ASCII (other characters are replaced). */
gboolean milter_answer_code(Milter *milter, const char *code, const char *enhanced, const char *text);

/* Only while the end of a message is unanswered. */
gboolean milter_progress(Milter *milter);
/* `recipient` exactly as the server gave it. */
gboolean milter_delete_recipient(Milter *milter, const char *recipient);
gboolean milter_add_header(Milter *milter, const char *name, const char *value);
/* Before the header at `index` of all (0: at the top). */
gboolean milter_insert_header(Milter *milter, guint32 index, const char *name, const char *value);
/* The index-th header (from 1) of that name; an empty value removes it. */
gboolean milter_change_header(Milter *milter, guint32 index, const char *name, const char *value);
gboolean milter_quarantine(Milter *milter, const char *reason);

/* Bytes for the server, borrowed; then say how many were taken. */
const guint8 *milter_output(const Milter *milter, gsize *length);
void milter_output_taken(Milter *milter, gsize length);
