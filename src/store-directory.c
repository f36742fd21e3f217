/* layer 4 edges - store-directory: may this process use this directory as a store?  Declared in store-private.h. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "status.h"
#include "store-private.h"
#include "text.h"

/* Locks and shared mappings of LMDB need one kernel behind all who use them. */
static gboolean is_remote(guint32 type)
{
	static const guint32 remote[] = {
		0x00006969 /* NFS */, 0x0000517b /* SMB */, 0xff534d42 /* CIFS */, 0xfe534d42 /* SMB2 */, 0x0000564c /* NCP */,
		0x01021997 /* 9P */, 0x5346414f /* AFS */, 0x6b414653 /* kAFS */, 0x73757245 /* Coda */, 0x00c36400 /* Ceph */,
	};
	for (guint i = 0; i < G_N_ELEMENTS(remote); i++)
		if (type == remote[i])
			return TRUE;
	return FALSE;
}

/* The command line of this program as a shell takes it, with what a terminal should not see escaped. */
static char *own_command(void)
{
	g_autofree char *arguments = NULL;
	gsize length = 0;
	if (!g_file_get_contents("/proc/self/cmdline", &arguments, &length, NULL) || !length)
		return g_strdup(g_get_prgname() ? g_get_prgname() : "optout");
	GString *line = g_string_new(NULL);
	for (gsize i = 0; i < length; i += strlen(arguments + i) + 1) {
		g_autofree char *safe = text_escape(arguments + i);
		gboolean is_plain = *safe && strspn(safe, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-_./=@:,+%") == strlen(safe);
		g_autofree char *word = is_plain ? g_strdup(safe) : g_shell_quote(safe);
		g_string_append_printf(line, "%s%s", i ? " " : "", word);
	}
	return g_string_free(line, FALSE);
}

static gboolean fail_wrong_user(const char *directory, uid_t owner, GError **error)
{
	g_autofree char *command = own_command();
	const struct passwd *user = getpwuid(owner);
	if (!user)
		return status_fail(error, STATUS_PERMANENT, "the store %s belongs to user id %lu; run: setpriv --reuid=%lu --clear-groups -- %s",
				   directory, (unsigned long)owner, (unsigned long)owner, command);
	return status_fail(error, STATUS_PERMANENT, "the store %s belongs to user %s; run: %s %s -- %s", directory, user->pw_name,
			   geteuid() == 0 ? "runuser -u" : "sudo -u", user->pw_name, command);
}

static gboolean check_directory(const char *directory, int fd, GError **error)
{
	struct stat status;
	struct statfs system;
	if (fstat(fd, &status) || fstatfs(fd, &system))
		return status_fail(error, STATUS_TEMPORARY, "cannot look at the store %s: %s", directory, g_strerror(errno));
	if (status.st_uid != geteuid())
		return fail_wrong_user(directory, status.st_uid, error);
	if (status.st_mode & 077)
		return status_fail(error, STATUS_PERMANENT, "others than its owner may enter the store %s; run: chmod 700 %s", directory, directory);
	if (is_remote((guint32)system.f_type))
		return status_fail(error, STATUS_PERMANENT, "the store %s lies on a network file system, where its locks do not hold", directory);
	return TRUE;
}

gboolean store_directory_ready(const char *directory, gboolean create, GError **error)
{
	if (create && mkdir(directory, 0700) && errno != EEXIST)
		return status_fail(error, STATUS_PERMANENT, "cannot create the store %s: %s", directory, g_strerror(errno));
	/* Who is refused entry is most often the wrong user: stat needs no right to the directory itself. */
	struct stat status;
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == EACCES && stat(directory, &status) == 0 && status.st_uid != geteuid())
		return fail_wrong_user(directory, status.st_uid, error);
	if (fd < 0)
		return status_fail(error, STATUS_PERMANENT, "there is no store %s: %s", directory, g_strerror(errno));
	gboolean ok = check_directory(directory, fd, error);
	close(fd);
	return ok;
}

static gboolean sync_one(const char *directory, GError **error)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* EINVAL: a file system without a sync of directories, which has nothing to lose then. */
	gboolean ok = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);
	int why = errno;
	if (fd >= 0)
		close(fd);
	return ok || status_fail(error, STATUS_TEMPORARY, "cannot bring %s to the disk: %s", directory, g_strerror(why));
}

gboolean store_directory_sync(const char *directory, GError **error)
{
	g_autofree char *whole = g_canonicalize_filename(directory, NULL);
	g_autofree char *parent = g_path_get_dirname(whole);
	return sync_one(directory, error) && sync_one(parent, error);
}
