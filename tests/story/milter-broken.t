#!/bin/sh
# A disk that fails: what can't be recorded is put off, and after an input or output error the program ends and is started anew.
. "$top_srcdir/tests/story/lib.sh"
need miltertest miltertest
need strace strace
strace -f -o /dev/null true 2>/dev/null || skip_all 'strace may not trace here'
begin
milter_port=$(free_port)
optout_config
say() { miltertest -D "port=$milter_port" -D "wanted=$1" -s "$top_srcdir/tests/story/milter-broken.lua"; }
cases() { optout queue --state all --json | wc -l | tr -d ' '; }

# The store is made before, so that the faults below hit commits alone.
ok 'optout-milter starts' start_milter
stop milter
is '… and ends well' "$stop_code" 0

for fault in EIO ENOSPC; do
	start milter strace -f -qq -o "$work/trace" -e trace=fdatasync -e inject=fdatasync:error=$fault:when=1+ \
		"$top_builddir/src/optout-milter" --config "$work/optout.conf"
	ok "$fault: it starts" wait_until 20 'listening "$milter_port"'
	ok "$fault: a message is put off" say later
	ok "$fault: it ends by itself" wait_until 20 'grep -q event=stopped "$work/milter.log"'
	wait "$server_pid"
	is "$fault: … and says that it was no good end" "$?" 74
	rm -f "$work/milter.pid" "$work/milter.log"
	is "$fault: nothing is recorded" "$(cases)" 0
done

ok 'with the disk in order it starts again' start_milter
ok '… and records' say discard
is '… once' "$(cases)" 1
stop milter
is 'SIGTERM ends it' "$stop_code" 0
finish
