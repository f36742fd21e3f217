#include "mailbox.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "status.h"

enum { BUFFER = 64 << 10, MOST_DEPTH = 64, MOST_FROM_LINE = 1000 };

/* A directory being walked. */
typedef struct {
	char *path;
	GPtrArray *names;      /* char*, sorted */
	guint next;
	gboolean is_maildir;   /* only `cur`, `new` and folders in it are of interest */
} Level;

struct Mailbox {
	char **paths;
	gsize most;
	GPtrArray *levels;     /* Level*, the deepest last */

	/* the file being read */
	int fd;                /* -1: none */
	char *file;
	gboolean is_mbox;
	guint count;           /* messages of it so far */
	guint8 *buffer;
	gsize at, filled;
	gboolean ended;
	GString *from_line;    /* of the message that comes next in an mbox */
};

static void level_free(gpointer data)
{
	Level *level = data;
	g_free(level->path);
	g_ptr_array_unref(level->names);
	g_free(level);
}

Mailbox *mailbox_new(char **paths, gsize most)
{
	Mailbox *mailbox = g_new0(Mailbox, 1);
	mailbox->paths = paths;
	mailbox->most = most;
	mailbox->levels = g_ptr_array_new_with_free_func(level_free);
	mailbox->fd = -1;
	mailbox->buffer = g_malloc(BUFFER);
	mailbox->from_line = g_string_new(NULL);
	return mailbox;
}

static void close_file(Mailbox *mailbox)
{
	if (mailbox->fd > STDIN_FILENO)
		close(mailbox->fd);
	mailbox->fd = -1;
	g_clear_pointer(&mailbox->file, g_free);
}

void mailbox_free(Mailbox *mailbox)
{
	if (!mailbox)
		return;
	close_file(mailbox);
	g_ptr_array_unref(mailbox->levels);
	g_string_free(mailbox->from_line, TRUE);
	g_free(mailbox->buffer);
	g_free(mailbox);
}

void mailbox_item_clear(MailboxItem *item)
{
	g_clear_pointer(&item->name, g_free);
	g_clear_pointer(&item->message, g_bytes_unref);
	g_clear_pointer(&item->sender, g_free);
	g_clear_error(&item->error);
}

/* --- directories ------------------------------------------------------------------------------------------------ */

static int by_name(gconstpointer one, gconstpointer other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

static gboolean is_directory(const char *parent, const char *name)
{
	g_autofree char *path = g_build_filename(parent, name, NULL);
	struct stat info;
	return lstat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static gboolean enter_directory(Mailbox *mailbox, const char *path, GError **error)
{
	if (mailbox->levels->len >= MOST_DEPTH)
		return status_fail(error, STATUS_PERMANENT, "%s: too many directories in each other", path);
	GError *fault = NULL;
	g_autoptr(GDir) dir = g_dir_open(path, 0, &fault);
	if (!dir) {
		status_fail(error, STATUS_TEMPORARY, "%s", fault->message);
		g_error_free(fault);
		return FALSE;
	}
	Level *level = g_new0(Level, 1);
	level->path = g_strdup(path);
	level->names = g_ptr_array_new_with_free_func(g_free);
	for (const char *name; (name = g_dir_read_name(dir));)
		g_ptr_array_add(level->names, g_strdup(name));
	g_ptr_array_sort(level->names, by_name);
	level->is_maildir = is_directory(path, "cur") && is_directory(path, "new") && is_directory(path, "tmp");
	g_ptr_array_add(mailbox->levels, level);
	return TRUE;
}

/* Dot files are nobody's mail, but a Maildir's folders are dot directories. */
static gboolean is_of_interest(const Level *level, const char *name)
{
	if (!level->is_maildir)
		return *name != '.';
	return g_str_equal(name, "cur") || g_str_equal(name, "new") || (*name == '.' && is_directory(level->path, name));
}

/* The next path to be looked at, owned; *is_named: given by the caller, so that it may be a link.  NULL: no more. */
static char *next_path(Mailbox *mailbox, gboolean *is_named)
{
	while (mailbox->levels->len) {
		Level *level = mailbox->levels->pdata[mailbox->levels->len - 1];
		if (level->next == level->names->len) {
			g_ptr_array_set_size(mailbox->levels, (int)mailbox->levels->len - 1);
			continue;
		}
		const char *name = level->names->pdata[level->next++];
		*is_named = FALSE;
		if (is_of_interest(level, name))
			return g_build_filename(level->path, name, NULL);
	}
	*is_named = TRUE;
	return *mailbox->paths ? g_strdup(*mailbox->paths++) : NULL;
}

/* --- files ------------------------------------------------------------------------------------------------------ */

/* Reads more behind what the buffer still holds.  FALSE: nothing more, or *error. */
static gboolean refill(Mailbox *mailbox, GError **error)
{
	mailbox->filled -= mailbox->at;
	memmove(mailbox->buffer, mailbox->buffer + mailbox->at, mailbox->filled);
	mailbox->at = 0;
	while (!mailbox->ended) {
		ssize_t n = read(mailbox->fd, mailbox->buffer + mailbox->filled, BUFFER - mailbox->filled);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return status_fail(error, STATUS_TEMPORARY, "%s: %s", mailbox->file, g_strerror(errno));
		mailbox->filled += (gsize)n;
		mailbox->ended = n == 0;
		return n > 0;
	}
	return FALSE;
}

/* The rest of the line, or as much of it as the buffer can hold.  FALSE: the end, or *error. */
static gboolean next_piece(Mailbox *mailbox, const char **piece, gsize *length, GError **error)
{
	for (;;) {
		const char *from = (const char *)mailbox->buffer + mailbox->at;
		gsize left = mailbox->filled - mailbox->at;
		const char *end = left ? memchr(from, '\n', left) : NULL;
		GError *fault = NULL;
		if (!end && left < BUFFER && refill(mailbox, &fault))
			continue;
		if (fault) {
			g_propagate_error(error, fault);
			return FALSE;
		}
		/* What refill moved. */
		from = (const char *)mailbox->buffer + mailbox->at;
		*piece = from;
		*length = end ? (gsize)(end - from) + 1 : left;
		mailbox->at += *length;
		return *length > 0;
	}
}

/* `From address … 12:34…`: a message's text may hold lines that begin so, but seldom with a time of day. */
static gboolean is_from_line(const char *line)
{
	if (!g_str_has_prefix(line, "From ") || line[5] == ' ')
		return FALSE;
	for (const char *colon = strchr(line + 5, ':'); colon; colon = strchr(colon + 1, ':'))
		if (g_ascii_isdigit(colon[-1]) && g_ascii_isdigit(colon[1]))
			return TRUE;
	return FALSE;
}

static char *sender_of(const char *from_line)
{
	const char *word = from_line + strlen("From ");
	char *sender = g_strndup(word, strcspn(word, " \t\r\n"));
	/* Mozilla writes `From -`. */
	if (strchr(sender, '@') || g_ascii_strcasecmp(sender, "MAILER-DAEMON") == 0)
		return sender;
	g_free(sender);
	return NULL;
}

static gboolean open_file(Mailbox *mailbox, int fd, const char *name, GError **error)
{
	mailbox->fd = fd;
	mailbox->file = g_strdup(name);
	mailbox->count = 0;
	mailbox->ended = FALSE;
	mailbox->at = mailbox->filled = 0;
	g_string_truncate(mailbox->from_line, 0);
	GError *fault = NULL;
	if (!refill(mailbox, &fault) && fault) {
		g_propagate_error(error, fault);
		close_file(mailbox);
		return FALSE;
	}
	mailbox->is_mbox = mailbox->filled >= 5 && memcmp(mailbox->buffer, "From ", 5) == 0;
	const char *piece;
	gsize length;
	if (mailbox->is_mbox && next_piece(mailbox, &piece, &length, NULL))
		g_string_append_len(mailbox->from_line, piece, (gssize)MIN(length, MOST_FROM_LINE));
	return TRUE;
}

/* Up to the next message of the mbox, or the end of the file.  *more: there is another one. */
static gboolean read_message(Mailbox *mailbox, GByteArray *bytes, gboolean *is_truncated, gboolean *more, GError **error)
{
	gboolean at_line_start = TRUE, after_empty = FALSE;
	const char *piece;
	gsize length;
	GError *fault = NULL;
	*more = FALSE;
	while (next_piece(mailbox, &piece, &length, &fault)) {
		if (mailbox->is_mbox && at_line_start && after_empty && piece[0] == 'F') {
			g_autofree char *line = g_strndup(piece, MIN(length, MOST_FROM_LINE));
			if (is_from_line(line)) {
				g_string_assign(mailbox->from_line, line);
				*more = TRUE;
				break;
			}
		}
		gboolean is_empty = at_line_start && (piece[0] == '\n' || (length == 2 && piece[0] == '\r'));
		at_line_start = piece[length - 1] == '\n';
		after_empty = is_empty;
		gsize room = mailbox->most - bytes->len;
		g_byte_array_append(bytes, (const guint8 *)piece, (guint)MIN(length, room));
		*is_truncated = *is_truncated || length > room;
	}
	if (!fault)
		return TRUE;
	g_propagate_error(error, fault);
	return FALSE;
}

static void read_item(Mailbox *mailbox, MailboxItem *item)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	gboolean more;
	item->sender = mailbox->from_line->len ? sender_of(mailbox->from_line->str) : NULL;
	gboolean ok = read_message(mailbox, bytes, &item->is_truncated, &more, &item->error);
	mailbox->count++;
	item->name = more || mailbox->count > 1 ? g_strdup_printf("%s:%u", mailbox->file, mailbox->count) : g_strdup(mailbox->file);
	if (ok)
		item->message = g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
	if (!more)
		close_file(mailbox);
}

/* TRUE: a file is open, or a directory entered, or (is_named FALSE) there is nothing to be read in that place. */
static gboolean open_path(Mailbox *mailbox, const char *path, gboolean is_named, GError **error)
{
	if (is_named && g_str_equal(path, "-"))
		return open_file(mailbox, STDIN_FILENO, path, error);
	struct stat info;
	if ((is_named ? stat(path, &info) : lstat(path, &info)) != 0)
		return status_fail(error, STATUS_PERMANENT, "%s: %s", path, g_strerror(errno));
	if (S_ISDIR(info.st_mode))
		return enter_directory(mailbox, path, error);
	if (!is_named && !S_ISREG(info.st_mode))
		return TRUE;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return status_fail(error, STATUS_PERMANENT, "%s: %s", path, g_strerror(errno));
	return open_file(mailbox, fd, path, error);
}

gboolean mailbox_next(Mailbox *mailbox, MailboxItem *item)
{
	*item = (MailboxItem){ 0 };
	while (mailbox->fd < 0) {
		gboolean is_named;
		g_autofree char *path = next_path(mailbox, &is_named);
		if (!path)
			return FALSE;
		if (!open_path(mailbox, path, is_named, &item->error)) {
			item->name = g_steal_pointer(&path);
			return TRUE;
		}
	}
	read_item(mailbox, item);
	return TRUE;
}
