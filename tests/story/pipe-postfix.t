#!/bin/sh
# optout-pipe as a transport of a real Postfix (pipe(8)), as the recipe of contrib/postfix sets it up, killed with SIGKILL at random
# moments: every message that Postfix took is a case, once, or still in its queue.
. "$top_srcdir/tests/story/lib.sh"
need postfix postfix
need_root
begin
messages=${FLOOD_MESSAGES:-2000}

# pipe(8) runs nothing as root, and another user may not see the build tree.
for file in optout optout-pipe optout-reader; do
	cp "$top_builddir/src/$file" "$work/$file"
done
cp -R "$top_srcdir/filters" "$work/filters"
chmod -R a+rX "$work/filters"
as_nobody() { setpriv --reuid=nobody --regid=nogroup --clear-groups env OPTOUT_READER="$work/optout-reader" OPTOUT_FILTERS="$work/filters" "$@"; }
mkdir "$work/state"
chown nobody "$work/state"
optout_config
sed -i "s|^store = .*|store = $work/state/store|" "$work/optout.conf"
optout() { as_nobody "$work/optout" --config "$work/optout.conf" "$@"; }

border=$(free_port)
postfix_config border "$border" 'transport_maps = inline:{optout.example=optout:}' 'optout_destination_recipient_limit = 1' \
	'optout_destination_concurrency_limit = 8' 'minimal_backoff_time = 1s' 'maximal_backoff_time = 2s' 'queue_run_delay = 1s'
cat >>"$work/border/master.cf" <<END
optout unix - n n - 8 pipe
  flags=R user=nobody null_sender=
  argv=/usr/bin/env OPTOUT_READER=$work/optout-reader OPTOUT_FILTERS=$work/filters
  perl $work/mortal.pl 10 25 $work/optout-pipe --config $work/optout.conf -f \${sender} \${original_recipient}
END
cp "$top_srcdir/tests/story/mortal.pl" "$work/mortal.pl"
chmod 644 "$work/mortal.pl" "$work/optout.conf"
ok 'Postfix starts' postfix_start border

ok "$messages messages are answered 250" \
	perl "$top_srcdir/tests/story/flood.pl" 127.0.0.1 "$border" 8 "$messages" privacy@optout.example "$work/accepted" 600
empty() { [ -z "$(find "$work/border.queue/incoming" "$work/border.queue/active" "$work/border.queue/deferred" -type f 2>/dev/null | head -n 1)" ]; }
ok 'the queue is empty in the end' wait_until 600 empty
note "$(grep -c 'status=deferred' "$work/border.log") deliveries were tried again"
ok 'some were killed' grep -q 'status=deferred' "$work/border.log"
is 'none bounced' "$(grep -c 'status=bounced' "$work/border.log")" 0

ok 'the store is whole' optout store check
optout queue --state all --json | sed 's/.*"message_id":"\([^"]*\)".*/<\1>/' | sort >"$work/cases"
sort "$work/accepted" >"$work/wanted"
is 'every message answered 250 is a case' "$(comm -23 "$work/wanted" "$work/cases" | wc -l)" 0
is 'none is a case twice' "$(uniq -d "$work/cases" | wc -l)" 0

# --- a bounce: the null sender arrives as such ---
printf '%s\n' 'From: MAILER-DAEMON@elsewhere.example' 'To: privacy@optout.example' 'Subject: Undelivered Mail Returned to Sender' \
	'Message-ID: <bounce@elsewhere.example>' '' 'Please delete all my data.' >"$work/bounce.eml"
ok 'a bounce is taken' perl "$top_srcdir/tests/story/smtp.pl" 127.0.0.1 "$border" '' privacy@optout.example "$work/bounce.eml"
ok 'it is delivered to the pipe' wait_until 30 empty
is 'it is no request' "$(optout queue --state all --json | grep -c 'bounce@elsewhere.example')" 0
finish
