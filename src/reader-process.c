#include "reader-process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "status.h"

extern char **environ;

/* A mail of a few megabytes should not need hundreds of wake-ups to cross. */
enum { SOCKET_BUFFER = 1 << 20 };

static char **arguments(const char *program, const Config *config)
{
	GPtrArray *argv = g_ptr_array_new();
	g_ptr_array_add(argv, g_strdup(program));
	for (char **directory = config->filters; directory && *directory; directory++) {
		g_ptr_array_add(argv, g_strdup("--filters"));
		g_ptr_array_add(argv, g_strdup(*directory));
	}
	g_ptr_array_add(argv, g_strdup_printf("--memory=%" G_GUINT64_FORMAT, config->reader_memory));
	g_ptr_array_add(argv, g_strdup_printf("--message-size=%" G_GUINT64_FORMAT, config->message_size));
	g_ptr_array_add(argv, g_strdup_printf("--cpu-seconds=%u", config->reader_timeout));
	g_ptr_array_add(argv, NULL);
	return (char **)g_ptr_array_free(argv, FALSE);
}

/* A fixed environment: the reader's answers must not depend on who started it. */
static char **environment(void)
{
	static const char *const kept[] = { "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "LSAN_OPTIONS=", "LD_LIBRARY_PATH=", "GCONV_PATH=" };
	GPtrArray *list = g_ptr_array_new();
	g_ptr_array_add(list, g_strdup("PATH=/usr/bin:/bin"));
	g_ptr_array_add(list, g_strdup("LC_ALL=C.UTF-8"));
	for (char **variable = environ; *variable; variable++)
		for (guint i = 0; i < G_N_ELEMENTS(kept); i++)
			if (g_str_has_prefix(*variable, kept[i]))
				g_ptr_array_add(list, g_strdup(*variable));
	g_ptr_array_add(list, NULL);
	return (char **)g_ptr_array_free(list, FALSE);
}

static int spawn(const char *program, char **argv, char **env, int socket, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t all, none;
	sigfillset(&all);
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	int fault = posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO);
	if (!fault)
		fault = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
#ifndef WITH_SANITIZERS
	/* What a reader that was taken over could write there would stand in the log, or on a terminal, as ours. */
	if (!fault)
		fault = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
#endif
#ifdef HAVE_POSIX_SPAWN_FILE_ACTIONS_ADDCLOSEFROM_NP
	/* Ours are close-on-exec; a library's may not be. */
	if (!fault)
		fault = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
#endif
	if (!fault)
		fault = posix_spawn(pid, program, &actions, &attributes, argv, env);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return fault;
}

gboolean reader_process_start(const char *program, const Config *config, ReaderProcess *process, GError **error)
{
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return status_fail(error, STATUS_TEMPORARY, "can't make a socket pair for a reader: %s", g_strerror(errno));
	int size = SOCKET_BUFFER;
	setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);

	g_auto(GStrv) argv = arguments(program, config);
	g_auto(GStrv) env = environment();
	int fault = spawn(program, argv, env, ends[1], &process->pid);
	close(ends[1]);
	if (fault) {
		close(ends[0]);
		return status_fail(error, STATUS_TEMPORARY, "can't start the reader %s: %s", program, g_strerror(fault));
	}
	process->fd = ends[0];
	return TRUE;
}

/* What the signals mean that end a reader by our rules. */
static const char *meaning(int number)
{
	switch (number) {
	case SIGTRAP:   /* GLib's end when memory is refused */
	case SIGABRT:
		return "no more memory";
	case SIGPROF:
		return "no more processor time";
	case SIGSYS:
		return "a system call that it may not make";
	}
	return g_strsignal(number);
}

char *reader_process_end(ReaderProcess *process)
{
	int status = 0;
	close(process->fd);
	process->fd = -1;
	/* An event loop that reaps all children (libev's default loop does) may have been first: then nothing is left to kill, and
	 * the number could be another's. */
	pid_t reaped = waitpid(process->pid, &status, WNOHANG);
	if (reaped == 0) {
		kill(process->pid, SIGKILL);
		while ((reaped = waitpid(process->pid, &status, 0)) < 0 && errno == EINTR)
			;
	}
	if (reaped != process->pid)
		return g_strdup("ended");
	if (WIFSIGNALED(status))
		return g_strdup_printf("ended by signal %d (%s)", WTERMSIG(status), meaning(WTERMSIG(status)));
	return g_strdup_printf("ended with status %d", WEXITSTATUS(status));
}
