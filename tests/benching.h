/* benching - what the benches share: medians, programs that run beside, and what the kernel says of them.
 *
 * Only ratios of one session count: contestants take turns, and a ratio is the median of the rounds' ratios.
 */
#pragma once
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store-testing.h"

enum { BENCH_ROUNDS = 9 };

static inline int benching_compare(const void *one, const void *other)
{
	double a = *(const double *)one, b = *(const double *)other;
	return a < b ? -1 : a > b;
}

/* Sorts `values`. */
static inline double benching_quantile(double *values, gsize count, double quantile)
{
	if (!count)
		return 0;
	qsort(values, count, sizeof *values, benching_compare);
	return values[MIN((gsize)(quantile * (double)count), count - 1)];
}

static inline double benching_median(const double *values, gsize count)
{
	g_autofree double *copy = g_memdup2(values, count * sizeof *values);
	return benching_quantile(copy, count, 0.5);
}

/* The median of one/other, round by round. */
static inline double benching_ratio(const double *one, const double *other, gsize count)
{
	g_autofree double *ratios = g_new(double, count);
	for (gsize i = 0; i < count; i++)
		ratios[i] = one[i] / other[i];
	return benching_quantile(ratios, count, 0.5);
}

/* "met" or "NOT MET". */
static inline const char *benching_word(gboolean is_met)
{
	return is_met ? "met" : "NOT MET";
}

/* --- programs --- */

/* A path below the build tree; owned. */
static inline char *benching_built(const char *path)
{
	const char *top = g_getenv("top_builddir");
	return g_build_filename(top ? top : ".", path, NULL);
}

/* A directory on the file system to be measured, removed with testing_remove(). */
static inline char *benching_directory(const char *where)
{
	char *directory = g_strdup_printf("%s/bench.XXXXXX", where ? where : ".");
	if (!g_mkdtemp_full(directory, 0700))
		g_error("cannot create %s", directory);
	char *absolute = g_canonicalize_filename(directory, NULL);
	g_free(directory);
	return absolute;
}

/* Runs beside us, its standard error in `log`. */
static inline GPid benching_start(char **argv, const char *log)
{
	pid_t pid = fork();
	if (pid == 0) {
		if (!freopen(log, "a", stderr) || !freopen("/dev/null", "r", stdin))
			_exit(127);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0)
		g_error("cannot start %s", argv[0]);
	return pid;
}

static inline void benching_stop(GPid pid)
{
	int status;
	kill(pid, SIGTERM);
	waitpid(pid, &status, 0);
}

/* CPU microseconds of a program that gets `input` on standard input, with all that it started and waited for; also its wall time. */
static inline double benching_run(char **argv, const char *input, double *wall)
{
	gint64 start = g_get_monotonic_time();
	pid_t pid = fork();
	if (pid == 0) {
		if (!freopen(input ? input : "/dev/null", "r", stdin) || !freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
			_exit(127);
		execvp(argv[0], argv);
		_exit(127);
	}
	int status;
	struct rusage usage;
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid || !WIFEXITED(status) || WEXITSTATUS(status))
		g_error("%s failed", argv[0]);
	if (wall)
		*wall = (double)(g_get_monotonic_time() - start);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* --- what the kernel says (Linux) --- */

typedef struct {
	GPid parent;
	double cpu;        /* seconds, with children that ended */
} BenchProcess;

static inline gboolean benching_stat(GPid pid, BenchProcess *process)
{
	g_autofree char *file = g_strdup_printf("/proc/%d/stat", (int)pid), *text = NULL;
	if (!g_file_get_contents(file, &text, NULL, NULL))
		return FALSE;
	/* proc(5); the name may hold spaces and parentheses */
	unsigned long long user, system, child_user, child_system;
	int parent;
	if (sscanf(strrchr(text, ')') + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %llu %llu", &parent, &user, &system,
	           &child_user, &child_system) != 5)
		return FALSE;
	process->parent = parent;
	process->cpu = (double)(user + system + child_user + child_system) / (double)sysconf(_SC_CLK_TCK);
	return TRUE;
}

/* The children of a process that run now. */
static inline GArray *benching_children(GPid pid)
{
	GArray *children = g_array_new(FALSE, FALSE, sizeof(GPid));
	GDir *dir = g_dir_open("/proc", 0, NULL);
	const char *name;
	while (dir && (name = g_dir_read_name(dir))) {
		BenchProcess process;
		GPid child = atoi(name);
		if (child > 0 && benching_stat(child, &process) && process.parent == pid)
			g_array_append_val(children, child);
	}
	if (dir)
		g_dir_close(dir);
	return children;
}

/* CPU seconds of a process and its children, living or not. */
static inline double benching_cpu(GPid pid)
{
	BenchProcess process;
	double cpu = benching_stat(pid, &process) ? process.cpu : 0;
	g_autoptr(GArray) children = benching_children(pid);
	for (guint i = 0; i < children->len; i++)
		cpu += benching_stat(g_array_index(children, GPid, i), &process) ? process.cpu : 0;
	return cpu;
}

/* Anonymous memory in KiB. */
static inline double benching_anonymous(GPid pid)
{
	g_autofree char *file = g_strdup_printf("/proc/%d/smaps_rollup", (int)pid), *text = NULL;
	const char *line = g_file_get_contents(file, &text, NULL, NULL) ? strstr(text, "\nAnonymous:") : NULL;
	return line ? g_ascii_strtod(line + strlen("\nAnonymous:"), NULL) : 0;
}
