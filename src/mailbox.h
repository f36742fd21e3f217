/* layer 4 edges - mailbox: mail in files, directories, mbox files (RFC 4155) and Maildirs, one message after the other.
 *
 * Directories are walked in the order of names, not through symbolic links, 64 deep at most; of a Maildir, `cur`, `new` and its folders.
 * A file that begins with `From ` is an mbox: a message begins at each such line that follows an empty one and looks like one.
 * No more than one message is held here.
 */
#pragma once
#include <glib.h>

typedef struct Mailbox Mailbox;

typedef struct {
	char *name;               /* the file; of an mbox with several messages, `file:1`, `file:2` … */
	GBytes *message;          /* NULL: could not be read, `error` says why */
	char *sender;             /* envelope sender of a `From ` line, or NULL */
	gboolean is_truncated;    /* longer than the limit: cut off */
	GError *error;
} MailboxItem;

/* `paths`: NULL-terminated, borrowed; `-` is standard input.  `most`: bytes of a message. */
Mailbox *mailbox_new(char **paths, gsize most);
/* FALSE: there are no more. */
gboolean mailbox_next(Mailbox *mailbox, MailboxItem *item);
void mailbox_free(Mailbox *mailbox);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Mailbox, mailbox_free)
void mailbox_item_clear(MailboxItem *item);
