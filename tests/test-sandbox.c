/* What a sandboxed process can't do any more, each tried in a process of its own. */
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox.h"

typedef int (*Attempt)(void);

/* Open from before, as a log may be. */
static int log_file = -1;

enum { FINE = 0, FAILED = 10, DONE = 11, NO_SANDBOX = 12 };

/* Status as from waitpid, of a child that entered the sandbox and tried. */
static int attempt(Attempt what)
{
	pid_t pid = fork();
	g_assert_cmpint(pid, >=, 0);
	if (pid == 0) {
		g_autoptr(GError) error = NULL;
		SandboxLimits limits = { .memory = 256 << 20, .stack = 8 << 20 };
		dup2(log_file, STDOUT_FILENO);   /* sandbox_prepare closes the others */
		log_file = STDOUT_FILENO;
		sandbox_prepare();
		_exit(sandbox_enter(&limits, &error) ? what() : NO_SANDBOX);
	}
	int status;
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_false(WIFEXITED(status) && WEXITSTATUS(status) == NO_SANDBOX);
	return status;
}

static int compute(void)
{
	g_autofree char *text = g_strnfill(1 << 20, 'x');
	g_autoptr(GString) more = g_string_new(text);
	return write(STDERR_FILENO, "", 0) == 0 && more->len == 1 << 20 ? FINE : FAILED;
}
static int open_to_read(void) { return open("/etc/passwd", O_RDONLY) < 0 ? FAILED : DONE; }
static int open_to_write(void) { return open("sandbox-test", O_WRONLY | O_CREAT, 0600) < 0 ? FAILED : DONE; }
static int write_to_file(void) { return write(log_file, "x", 1) < 0 ? FAILED : DONE; }
static int unknown_charset(void) { return iconv_open("UTF-8", "IBM1047") == (iconv_t)-1 ? FAILED : DONE; }
static int make_socket(void) { return socket(AF_INET, SOCK_STREAM, 0) < 0 ? FAILED : DONE; }
static int make_process(void) { return fork() < 0 ? FAILED : DONE; }
static int run_program(void)
{
	char *argv[] = { (char *)"true", NULL };
	execv("/bin/true", argv);
	return FAILED;
}
static int much_memory(void) { return malloc((gsize)400 << 20) ? DONE : FAILED; }
static int executable_memory(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? FAILED : DONE;
}
static int endless(void)
{
	sandbox_allow_cpu(1);
	gint64 late = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
	while (g_get_monotonic_time() < late)
		;
	return DONE;
}
static int give_up(void) { abort(); }
/* As a library that finds something odd does; GTest would make a plain g_warning() fatal. */
static int warn(void)
{
	g_log_structured("optout", G_LOG_LEVEL_MESSAGE, "MESSAGE", "odd mail");
	return DONE;
}
static int out_of_memory(void) { return g_malloc((gsize)400 << 20) ? DONE : FAILED; }

typedef struct { const char *name; Attempt what; gboolean may_be_killed; } Case;

static void test_barred(gconstpointer data)
{
	const Case *c = data;
	int status = attempt(c->what);
	if (WIFSIGNALED(status))
		g_assert_true(c->may_be_killed && WTERMSIG(status) == SIGSYS);
	else
		g_assert_cmpint(WEXITSTATUS(status), ==, FAILED);
}

static void test_allowed(void)
{
	int status = attempt(compute);
	g_assert_true(WIFEXITED(status));
	g_assert_cmpint(WEXITSTATUS(status), ==, FINE);
}

static void test_ends(void)
{
	int status = attempt(endless);
	g_assert_true(WIFSIGNALED(status));
	g_assert_cmpint(WTERMSIG(status), ==, SIGPROF);
	status = attempt(warn);
	g_assert_true(WIFEXITED(status));
	g_assert_cmpint(WEXITSTATUS(status), ==, DONE);
#ifndef WITH_SANITIZERS
	/* GLib's end, not the sandbox's: the log says what a reader died of. */
	status = attempt(out_of_memory);
	g_assert_true(WIFSIGNALED(status));
	g_assert_true(WTERMSIG(status) == SIGTRAP || WTERMSIG(status) == SIGABRT);
#else
	(void)out_of_memory;
#endif
	status = attempt(give_up);
	g_assert_true(WIFSIGNALED(status));
	g_assert_cmpint(WTERMSIG(status), ==, SIGABRT);
}

int main(int argc, char **argv)
{
	static const Case cases[] = {
		{ "/sandbox/open-to-read", open_to_read, FALSE },
		{ "/sandbox/open-to-write", open_to_write, FALSE },
		{ "/sandbox/write-to-file", write_to_file, FALSE },
		{ "/sandbox/unknown-charset", unknown_charset, FALSE },
		{ "/sandbox/socket", make_socket, TRUE },
		{ "/sandbox/process", make_process, TRUE },
		{ "/sandbox/program", run_program, TRUE },
		{ "/sandbox/memory", much_memory, FALSE },
		{ "/sandbox/executable-memory", executable_memory, TRUE },
	};
	testing_init(argc, argv);
	g_autofree char *name = NULL;
	log_file = g_file_open_tmp(NULL, &name, NULL);
	g_assert_cmpint(log_file, >, STDERR_FILENO);
	unlink(name);
#ifdef WITH_SANITIZERS
	(void)cases;
	(void)test_barred;
	(void)write_to_file;
#else
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		g_test_add_data_func(cases[i].name, &cases[i], test_barred);
#endif
	g_test_add_func("/sandbox/allowed", test_allowed);
	g_test_add_func("/sandbox/ends", test_ends);
	return g_test_run();
}
