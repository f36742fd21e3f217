/* layer 0 ground - sandbox: takes from this process what reading a message does not need, for good.
 *
 * After sandbox_enter: no new descriptor of any kind (file, socket), no new process or program, no writing of files, bounded memory, no core.
 * On Linux seccomp admits what a computation on memory and on its open descriptors needs; attempts to open or look up a file
 * fail with EACCES (iconv_open of a charset that was not opened before fails softly); anything else ends the process.
 * Built with the sanitizers, which need more than that, only the rules on privileges and cores apply.
 */
#pragma once
#include <glib.h>

typedef struct {
	guint64 memory;     /* bytes of address space; 0: no limit */
	guint64 stack;      /* bytes; 0: as it is */
} SandboxLimits;

/* First thing in main: inherited descriptors closed, no way to more privileges, dies with its parent. */
void sandbox_prepare(void);
/* FALSE: *error (TEMPORARY); the process must not go on with hostile input. */
gboolean sandbox_enter(const SandboxLimits *limits, GError **error);
/* Processor time from now on, in seconds: when it is used up, the process is ended.  0: no limit. */
void sandbox_allow_cpu(guint seconds);
