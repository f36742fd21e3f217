#include "sandbox.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#ifdef HAVE_SECCOMP
#include <seccomp.h>
#endif

#include "status.h"

void sandbox_prepare(void)
{
#ifdef HAVE_CLOSE_RANGE
	close_range(STDERR_FILENO + 1, ~0u, 0);
#endif
#ifdef __linux__
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
}

void sandbox_allow_cpu(guint seconds)
{
	struct itimerval timer = { .it_value.tv_sec = seconds };
	setitimer(ITIMER_PROF, &timer, NULL);
}

static gboolean limit(int resource, guint64 value, const char *what, GError **error)
{
	/* Soft and hard alike: what can't be raised again.  Never above what we were given. */
	struct rlimit now, set;
	if (getrlimit(resource, &now) != 0)
		return status_fail(error, STATUS_TEMPORARY, "getrlimit(%s): %s", what, g_strerror(errno));
	set.rlim_cur = set.rlim_max = now.rlim_max == RLIM_INFINITY || value < now.rlim_max ? (rlim_t)value : now.rlim_max;
	if (setrlimit(resource, &set) != 0)
		return status_fail(error, STATUS_TEMPORARY, "setrlimit(%s): %s", what, g_strerror(errno));
	return TRUE;
}

#ifndef WITH_SANITIZERS
static gboolean limit_all(const SandboxLimits *limits, GError **error)
{
	return (!limits->memory || limit(RLIMIT_AS, limits->memory, "RLIMIT_AS", error)) &&
	       (!limits->stack || limit(RLIMIT_STACK, limits->stack, "RLIMIT_STACK", error)) &&
	       limit(RLIMIT_FSIZE, 0, "RLIMIT_FSIZE", error) && limit(RLIMIT_NPROC, 0, "RLIMIT_NPROC", error) &&
	       limit(RLIMIT_NOFILE, 0, "RLIMIT_NOFILE", error);
}
#endif

#if defined HAVE_SECCOMP && !defined WITH_SANITIZERS
/* Computing, and reading and writing what is open. */
static const int allowed[] = {
	SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(recvfrom), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(close), SCMP_SYS(lseek), SCMP_SYS(fstat),
	SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk), SCMP_SYS(futex), SCMP_SYS(sched_yield),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction), SCMP_SYS(sigaltstack), SCMP_SYS(setitimer),
	SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom),
	SCMP_SYS(getrusage), SCMP_SYS(sysinfo), SCMP_SYS(uname), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(restart_syscall),
};

/* What libraries try on the way, and can do without. */
static const int refused[] = {
	SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(statx), SCMP_SYS(newfstatat), SCMP_SYS(access),
	SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd), SCMP_SYS(ioctl), SCMP_SYS(fcntl),
	SCMP_SYS(prlimit64), SCMP_SYS(getrlimit), SCMP_SYS(sched_getaffinity), SCMP_SYS(prctl),
	SCMP_SYS(getpeername),   /* of each warning GLib asks whether standard error is the journal */
};

/* Memory that can be executed is not to be had. */
static int add_memory_rules(scmp_filter_ctx filter)
{
	enum { PROTECTION = 2, EXECUTABLE = 4 /* PROT_EXEC */ };
	int fault = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_CMP(PROTECTION, SCMP_CMP_MASKED_EQ, EXECUTABLE, 0));
	if (!fault)
		fault = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_CMP(PROTECTION, SCMP_CMP_MASKED_EQ, EXECUTABLE, 0));
	return fault;
}

static int fill_filter(scmp_filter_ctx filter)
{
	int fault = 0;
	for (guint i = 0; i < G_N_ELEMENTS(allowed) && !fault; i++)
		fault = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	for (guint i = 0; i < G_N_ELEMENTS(refused) && !fault; i++)
		fault = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), refused[i], 0);
	if (!fault)
		fault = add_memory_rules(filter);
	/* abort() raises a signal in its own process: GLib ends so when memory runs out. */
	if (!fault)
		fault = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
	return fault;
}

static gboolean confine(GError **error)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (!filter)
		return status_fail(error, STATUS_TEMPORARY, "seccomp is not to be had");
	int fault = fill_filter(filter);
	if (!fault)
		fault = seccomp_load(filter);
	seccomp_release(filter);
	return fault ? status_fail(error, STATUS_TEMPORARY, "can't confine the reader with seccomp: %s", g_strerror(-fault)) : TRUE;
}
#else
static gboolean confine(GError **error)
{
	(void)error;
	return TRUE;
}
#endif

gboolean sandbox_enter(const SandboxLimits *limits, GError **error)
{
#ifdef __linux__
	prctl(PR_SET_DUMPABLE, 0);
#endif
	if (!limit(RLIMIT_CORE, 0, "RLIMIT_CORE", error))
		return FALSE;
#ifndef WITH_SANITIZERS
	/* A log that is a file can't be written any more; a library that tries to warn must not end us by it. */
	signal(SIGXFSZ, SIG_IGN);
	if (!limit_all(limits, error))
		return FALSE;
#else
	(void)limits;
#endif
	return confine(error);
}
