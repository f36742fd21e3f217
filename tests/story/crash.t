#!/bin/sh
# What a crash may cost: nothing.  A flood of messages through a real Postfix while optout-milter and optout-send are killed at
# random moments: every message answered 250 is a case, once; every answerable case has one acknowledgement, or is marked ambiguous
# and has at most two copies under one Message-ID.
. "$top_srcdir/tests/story/lib.sh"
need postfix postfix
need smtp-sink postfix
need_root
begin
messages=${FLOOD_MESSAGES:-2000}

ok 'the relay starts' start_sink
optout_config
border=$(free_port)
postfix_config border "$border" "smtpd_milters = inet:127.0.0.1:$milter_port" 'milter_connect_timeout = 2s'
ok 'the border starts' postfix_start border

# --- the flood, and the kills ---
milter_at="$top_builddir/src/optout-milter --config $work/optout.conf"
send_at="$top_builddir/src/optout-send --config $work/optout.conf"
start flap-milter perl "$top_srcdir/tests/story/flap.pl" 25 0.1 0.8 "$milter_port" $milter_at
wait_until 10 'listening "$milter_port"'
start flap-send perl "$top_srcdir/tests/story/flap.pl" 25 0.1 0.8 0 $send_at
ok "$messages messages are answered 250 in the end" \
	perl "$top_srcdir/tests/story/flood.pl" 127.0.0.1 "$border" 8 "$messages" privacy@optout.example "$work/accepted" 600
stop flap-milter
stop flap-send
note "milter killed $(tail -n 1 "$work/flap-milter.log") times, sender $(tail -n 1 "$work/flap-send.log") times"
ok 'the milter was killed at least three times' [ "$(tail -n 1 "$work/flap-milter.log")" -ge 3 ]

# --- every one is a case, once ---
ok 'the store is whole' optout store check
optout queue --state all --json | sed 's/.*"message_id":"\([^"]*\)".*/<\1>/' | sort >"$work/cases"
sort "$work/accepted" >"$work/wanted"
is 'as many were accepted as were sent' "$(sort -u "$work/wanted" | wc -l)" "$messages"
is 'every message answered 250 is a case' "$(comm -23 "$work/wanted" "$work/cases" | wc -l)" 0
is 'none is a case twice' "$(uniq -d "$work/cases" | wc -l)" 0

# --- every answerable one has its acknowledgement ---
start send $send_at
settled() { [ "$(optout outbox --json | grep -c '"state":"\(due\|sending\|ambiguous\)"')" -eq 0 ]; }
ok 'the outbox is settled in the end' wait_until 300 settled
stop send
optout outbox --all --json >"$work/letters"
is 'every case has an acknowledgement' "$(wc -l <"$work/letters")" "$messages"
cat "$work"/mail/* | grep -i '^Message-ID: *<' | sed 's/^[^<]*<\([^>]*\)>.*/\1/' | sort | uniq -c | awk '{print $2, $1}' | sort >"$work/copies"
sed 's/.*"message_id":"\([^"]*\)".*"copies":\([0-9]*\).*/\1 \2/' "$work/letters" | sort >"$work/promised"
join "$work/promised" "$work/copies" >"$work/both"
# A letter that was under way in two crashes is not tried a third time: it may have arrived, and an operator is told.
is 'each arrived, or is marked as ambiguous' \
	"$(join -v 1 "$work/promised" "$work/copies" | awk '$2 < 2' | wc -l)" 0
is 'none arrived more often than the outbox says it may have' "$(awk '$3 > $2' "$work/both" | wc -l)" 0
is 'none arrived more than twice' "$(awk '$3 > 2' "$work/both" | wc -l)" 0
note "$(awk '$3 == 2' "$work/both" | wc -l) arrived twice, $(awk '$2 == 2' "$work/both" | wc -l) were marked as perhaps twice"
finish
