#!/bin/sh
# send-sink.t - optout-send hands queued acknowledgements to a relay (Postfix's smtp-sink), once each, in the form of RFC 3834.
. "${top_srcdir:=.}/tests/story/lib.sh"
begin
need smtp-sink postfix

send=$top_builddir/src/optout-send
letters=$top_builddir/tests/queue-letters
relay_port=$(free_port)
optout_config

# smtp-sink refuses to run as root, and writes each message to a file of its own.
sink_start() {
	mkdir -p "$work/mail"
	user=
	[ "$(id -u)" = 0 ] && user='-u postfix' && chown postfix "$work/mail"
	# shellcheck disable=SC2086
	start sink smtp-sink $user -d "$work/mail/%M." "$@" "127.0.0.1:$relay_port" 200
	wait_until 10 'listening "$relay_port"'
}
# states: how many letters are in which state with how many copies
states() {
	"$letters" "$work/store" list | awk '{ print $1, $2 }' | sort | uniq -c | sed 's/^ *//'
}
# The dump of a message begins with what smtp-sink itself adds; it follows an empty line only where there is a body.
mails() {
	cat "$work"/mail/* 2>/dev/null
}

"$letters" "$work/store" 0
ok 'an empty outbox is soon done' "$send" --config "$work/optout.conf" --once

"$letters" "$work/store" 40
ok 'no relay: the program does not fail' "$send" --config "$work/optout.conf" --once
is 'no relay: all letters wait' "$(states)" '40 due 0'
ok 'they wait a minute, or near it' "$send" --config "$work/optout.conf" --once
is 'no relay: and were not tried again' "$(grep -c send-deferred "$work/ok.out")" 0

sink_start
"$letters" "$work/store" 100 'later%u@example.org'
ok 'with a relay: the program does not fail' "$send" --config "$work/optout.conf" --once
is 'what is due has gone out once' "$(states)" "$(printf '40 due 0\n100 sent 1')"
is 'and arrived once' "$(mails | grep -c '^Message-ID: ')" 100
is 'under as many ids' "$(mails | grep '^Message-ID: ' | sort -u | wc -l)" 100
is 'the ids are those of the outbox' "$(mails | sed -n 's/^Message-ID: <\(.*\)>.*/\1/p' | tr -d '\r' | sort)" \
	"$("$letters" "$work/store" list | awk '$1 == "sent" { print $3 }' | sort)"
is 'the sender is null' "$(mails | grep '^X-Mail-Args: ' | sed 's/ *SIZE=.*//' | sort -u | tr -d '\r')" 'X-Mail-Args: <>'
is 'each went to its one recipient' "$(mails | grep '^X-Rcpt-Args: ' | sort -u | wc -l)" 100
is 'each says that a program wrote it' "$(mails | grep -c '^Auto-Submitted: auto-replied')" 100
is 'and tells Exchange so' "$(mails | grep -c '^X-Auto-Response-Suppress: All')" 100
is 'half of them in German' "$(mails | grep -c '^Content-Language: de')" 50
is 'each with its reference in the subject' "$(mails | tr -d '\r' | grep -c '^Subject: .*\[ref [0-9A-Z]\{4\}-[0-9A-Z]\{4\}\]$')" 100
is 'each threads with what it answers' "$(mails | grep '^In-Reply-To: <request\.[0-9]*@mail\.example\.org>' | sort -u | wc -l)" 100
optout export --since 2020-01-01T00:00:00Z >/dev/null 2>&1   # the store is whole for others meanwhile

# --- two of them ---
start send "$send" --config "$work/optout.conf"
wait_until 10 'grep -q event=started "$work/send.log"'
"$send" --config "$work/optout.conf" --once 2>"$work/second.log"
is 'a second sender is refused' $? 75
ok '… and says why' grep -q 'another optout-send works this store' "$work/second.log"
"$letters" "$work/store" 1 'daemon%u@example.org'
ok 'the daemon sees what another process queued' wait_until 10 '[ "$(mails | grep -c "^To: daemon1@")" = 1 ]'

# --- a new configuration ---
sed -i 's/^name = The Shop/name = The New Shop/' "$work/optout.conf"
kill -HUP "$(cat "$work/send.pid")"
ok 'SIGHUP reads it' wait_until 10 'grep -q event=reloaded "$work/send.log"'
"$letters" "$work/store" 1 'reloaded%u@example.org'
ok 'letters from then on follow it' wait_until 10 'grep -l "^To: reloaded1@" "$work"/mail/* | xargs grep -q "^The New Shop"'
echo nonsense >>"$work/optout.conf"
kill -HUP "$(cat "$work/send.pid")"
ok 'a broken one is told' wait_until 10 'grep -q event=not-reloaded "$work/send.log"'
"$letters" "$work/store" 1 'still%u@example.org'
ok '… and leaves the old one in force' wait_until 10 '[ "$(mails | grep -c "^To: still1@")" = 1 ]'
sed -i '/^nonsense/d' "$work/optout.conf"
stop send
is 'SIGTERM ends it' "$stop_code" 0

# --- what the relay refuses ---
stop sink
sink_start -f RCPT
"$letters" "$work/store" 3 'refused%u@example.org'
ok 'a relay that refuses is no failure of ours' "$send" --config "$work/optout.conf" --once
is 'each refused letter is a task' "$("$letters" "$work/store" list | grep 'refused' | awk '{ print $1, $2, $5 }' | sort | uniq -c | sed 's/^ *//')" \
	'3 failed 0 500'
stop sink
sink_start -r RCPT
"$letters" "$work/store" 3 'busy%u@example.org'
"$send" --config "$work/optout.conf" --once 2>/dev/null
is 'a busy relay is asked again later' "$("$letters" "$work/store" list | grep 'busy' | awk '{ print $1, $2, $5 }' | sort | uniq -c | sed 's/^ *//')" \
	'3 due 0 450'
stop sink
sink_start -q .
"$letters" "$work/store" 3 'dropped%u@example.org'
"$send" --config "$work/optout.conf" --once 2>/dev/null
is 'a connection lost after the final dot casts doubt' "$("$letters" "$work/store" list | grep 'dropped' | awk '{ print $1, $2 }' | sort | uniq -c | sed 's/^ *//')" \
	'3 ambiguous 1'

# --- observe ---
stop sink
sink_start
sed -i 's/^timezone = .*/&\nmode = observe/' "$work/optout.conf"
"$letters" "$work/store" 3 'observed%u@example.org'
ok 'in observe mode the program does not fail' "$send" --config "$work/optout.conf" --once
is '… and sends nothing' "$("$letters" "$work/store" list | grep -c '^due 0 .*observed')" 3
finish
