#!/bin/sh
# store-inject.t - every system call by which the store writes fails in turn, or is the last one of the process: with EIO, with ENOSPC, with
# SIGKILL.  Whatever was acknowledged before must be there, the store must be whole, and go on.  LMDB runs unmodified, under strace.
. "${top_srcdir:-.}/tests/story/lib.sh"
begin
need strace strace
strace -f -o /dev/null true 2>/dev/null || skip_all 'strace may not trace here'
program=$top_builddir/tests/test-store-crash
[ -x "$program" ] || skip_all 'tests/test-store-crash is not built'
records=25

# run CALL FAULT N: one life of the child; its exit status (137: killed) in $status, what it told in $work/told.
# The child's threads count their calls apart: N is reached by the loop's thread at creation, by the committer's at commits.
run() {
	rm -rf "$work/store"
	mkdir -m 700 "$work/store"
	strace -f -qq -o "$work/trace" -e trace="$1" -e inject="$1:$2:when=$3" "$program" --child "$work/store" $records \
		>"$work/told" 2>"$work/child.log"
	status=$?
}

judge() {
	"$program" --judge "$work/store" <"$work/told" >"$work/judged" 2>&1
}

# A child that met a fault ends with 1 (no store yet), 2 (a commit that failed broke the store) or by the signal.
good_end() {
	case $2:$status in
	signal=KILL:137 | error=*:1 | error=*:2) ;;
	*) return 1 ;;
	esac
}

lives=0
for fault in error=EIO error=ENOSPC signal=KILL; do
	for call in pwrite64 writev fdatasync fsync; do
		bad=
		n=0
		while [ $n -lt 40 ]; do
			n=$((n + 1))
			run $call $fault $n
			[ $status = 0 ] && break   # it never made that many calls
			lives=$((lives + 1))
			good_end $call $fault || bad="$bad end-$n-$status"
			judge || bad="$bad judge-$n"
			[ -z "$bad" ] || { note "$(cat "$work/child.log" "$work/judged" | head -n 5)"; break; }
		done
		is "$fault at each $call: nothing acknowledged is lost ($((n - 1)) lives)" "$bad" ""
	done
done
is 'without a fault it records what it should' "$(wc -l <"$work/told" | awk -v r=$records '{ print ($1 >= r) }')" 1
is 'enough faults were met to prove something' "$([ $lives -ge 30 ] && echo yes)" yes
finish
