#!/bin/sh
# send-kill.t - optout-send dies at every step of its way: afterwards each acknowledgement has arrived once, or is marked ambiguous and has
# arrived at most twice under the same Message-ID.  None is lost.
. "${top_srcdir:=.}/tests/story/lib.sh"
begin
need smtp-sink postfix
need strace strace
strace -e inject=getppid:retval=1 true >/dev/null 2>&1 || skip_all 'strace can not trace here'

send=$top_builddir/src/optout-send
letters=$top_builddir/tests/queue-letters
relay_port=$(free_port)
optout_config
mkdir -p "$work/mail"
user=
[ "$(id -u)" = 0 ] && user='-u postfix' && chown postfix "$work/mail"
# shellcheck disable=SC2086
start sink smtp-sink $user -d "$work/mail/%M." "127.0.0.1:$relay_port" 200
wait_until 10 'listening "$relay_port"'

# verdict: what is wrong with the outbox and the mailboxes; empty if nothing is.
verdict() {
	cat "$work"/mail/* 2>/dev/null | tr -d '\r' | sed -n 's/^Message-ID: <\(.*\)>$/\1/p' | sort | uniq -c >"$work/arrived"
	"$letters" "$work/store" list | awk '
		FILENAME == ARGV[1] { arrived[$2] = $1; next }
		$1 != "sent" && $1 != "failed" { print $3, "is still", $1 }
		$1 == "failed" && !/ambiguous/ { print $3, "failed without doubt" }
		arrived[$3] > 2 { print $3, "arrived", arrived[$3], "times" }
		arrived[$3] > 1 && $2 < 2 { print $3, "arrived twice and is not marked" }
		$1 == "sent" && !arrived[$3] { print $3, "never arrived" }
		$1 == "sent" && $2 > 1 && !/ambiguous/ { print $3, "has no reason" }' "$work/arrived" -
}

# killed SYSCALL N: the sender dies at the Nth such call of one of its threads, and is started again until nothing is due.
killed() {
	rm -rf "$work/store" "$work"/mail/*
	"$letters" "$work/store" 3
	strace -f -qq -o "$work/trace" -e trace="$1" -e inject="$1:signal=KILL:when=$2" "$send" --config "$work/optout.conf" --once \
		>/dev/null 2>"$work/killed.log"
	died=$?
	"$send" --config "$work/optout.conf" --once 2>"$work/again.log" || return 1
	wrong=$(verdict)
}

# LMDB's writes and syncs are those of the commits before and after a transfer; sendto and recvfrom are the steps of the transfer.
for call in fdatasync pwrite64 sendto recvfrom; do
	n=0 deaths=0 faults=
	while [ $n -lt 40 ]; do
		n=$((n + 1))
		killed "$call" $n || faults="$faults $n: the next start failed;"
		[ -z "$wrong" ] || faults="$faults $n: $wrong;"
		[ $died = 0 ] && break
		deaths=$((deaths + 1))
	done
	note "$call: died at $deaths places"
	is "killed at each $call: none lost, none unmarked" "$faults" ''
	ok "… and the last run came to its end" [ $died = 0 ]
	ok "… after several deaths" [ $deaths -ge 2 ]   # commits are shared: there may be as few as two
done

# Again and again in the middle of many.
rm -rf "$work/store" "$work"/mail/*
"$letters" "$work/store" 2000
for delay in 0.05 0.1 0.15 0.2 0.25 0.3; do
	start victim "$send" --config "$work/optout.conf" --once
	perl -e 'select undef, undef, undef, $ARGV[0]' "$delay"
	stop victim KILL
done
until "$send" --config "$work/optout.conf" --once 2>/dev/null; do :; done
is 'killed at random among many: none lost, none unmarked' "$(verdict | head -n 5)" ''
note "$("$letters" "$work/store" list | awk '{ print $1, $2 }' | sort | uniq -c | tr -s ' \n' ' ,')"
finish
