#!/bin/sh
# optout-milter in trouble, behind a real Postfix: stops and reloads under load, a full store, readers that die, odd senders and headers, the
# wrong user.  What is answered 250 is a case; what can't be recorded stays with its sender's server; nothing is turned away for good.
. "$top_srcdir/tests/story/lib.sh"
need postfix postfix
need postqueue postfix
need setpriv util-linux
need_root
begin

# --- the parts ---
milter_port=$(free_port)
optout_config
ok 'optout-milter starts' start_milter
mx=$(free_port)
postfix_config mx "$mx" "smtpd_milters = inet:127.0.0.1:$milter_port" 'milter_connect_timeout = 2s'
ok 'Postfix starts' postfix_start mx

letter() {   # NAME SUBJECT TEXT [HEADER…]: $work/NAME.eml
	name=$1 subject=$2 text=$3
	shift 3
	{
		[ $# = 0 ] || printf '%s\n' "$@"
		printf '%s\n' "From: $name <$name@sender.example>" "To: privacy@optout.example" "Message-ID: <$name@sender.example>" \
			"Subject: $subject" 'Date: Tue, 24 Nov 2026 10:00:00 +0000' '' "$text" "" "$name"
	} >"$work/$name.eml"
}
from() { perl "$top_srcdir/tests/story/smtp.pl" 127.0.0.1 "$mx" "$@"; }   # SENDER RECIPIENTS FILE
cases() { optout queue --state all --json; }
case_of() { cases | grep "\"message_id\":\"$1@sender.example\""; }
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
said() { grep -q -- "$1" "$work/milter.log"; }
readers_of() { cat /proc/"$1"/task/*/children; }
# often N WHAT: it is in the log at least N times
often() { [ "$(grep -c -- "$2" "$work/milter.log")" -ge "$1" ]; }

# --- what a reader holds ---
held=
for reader in $(readers_of "$(cat "$work/milter.pid")"); do
	held="$held$(for fd in /proc/"$reader"/fd/*; do echo "${fd##*/}=$(readlink "$fd" | sed 's/:.*//')"; done | tr '\n' ' ')"
	held="$held$(sed -n 's/^\(Seccomp\|NoNewPrivs\):[[:space:]]*/\1=/p' "/proc/$reader/status" | tr '\n' ' ');"
done
if case $held in *asan*) true ;; *Seccomp=2*) false ;; esac; then
	skip 'a reader holds a socket and nothing else' 'built without seccomp'
else
	is 'a reader holds a socket and nothing else' "$(printf '%s' "$held" | tr ';' '\n' | sort -u)" \
		'0=socket 1=/dev/null 2=/dev/null NoNewPrivs=1 Seccomp=2 '
fi

# --- odd senders, recipients and headers ---
letter null 'Unsubscribe' 'Please unsubscribe me from your newsletter.'
ok 'the null sender is taken' from '' unsubscribe@optout.example "$work/null.eml"
is '… as what it asks, for review' "$(case_of null | field type) $(case_of null | field state)" 'marketing-opt-out review'
is '… and is not answered' "$(optout outbox --json | grep -c null@sender.example)" 0

letter eight "$(printf 'Abmeldung \374\344\366')" 'Bitte tragen Sie mich aus Ihrem Newsletter aus.' "$(printf 'X-Raw: \377\376\033[2J')"
ok 'raw bytes in the header are taken' from eight@sender.example unsubscribe@optout.example "$work/eight.eml"
is '… as a request' "$(case_of eight | field type)" marketing-opt-out

letter both 'Unsubscribe' 'Please unsubscribe me from your newsletter.'
ok 'two of our addresses are taken' from both@sender.example Unsubscribe+x.y@Optout.Example,privacy@optout.example "$work/both.eml"
is '… each its own case' "$(case_of both | wc -l | tr -d ' ')" 2

letter spelt 'Unsubscribe' 'Please unsubscribe me from your newsletter.'
ok 'other spellings of our address are taken' from spelt@sender.example \
	'"unsubscribe"@optout.example,unsubscribe@optout.example.,@relay.example:unsubscribe@optout.example,"unsubscribe+x"@optout.example' \
	"$work/spelt.eml"
ok '… and all of them are ours' grep -q 'milter-discard: .*from=<spelt@sender.example>' "$work/mx.log"
is '… of two mailboxes' "$(case_of spelt | wc -l | tr -d ' ')" 2

letter wide 'Unsubscribe' 'Please unsubscribe me from your newsletter.'
sed -i 's/^From: .*/From: <w\xc3\xbc@s\xc3\xa4nder.example>/' "$work/wide.eml"
perl -pe 's/MAIL FROM:<\$sender>/MAIL FROM:<\$sender> SMTPUTF8/' "$top_srcdir/tests/story/smtp.pl" >"$work/smtputf8.pl"
ok 'an address beyond ASCII is taken' perl "$work/smtputf8.pl" 127.0.0.1 "$mx" "$(printf 'w\303\274@s\303\244nder.example')" \
	unsubscribe@optout.example "$work/wide.eml"
ok '… and suppressed' optout check "$(printf 'w\303\274@s\303\244nder.example')"
ok '… by its other spelling' optout check "$(printf 'w\303\274@xn--snder-gra.example')"

# --- the log: one line an event, words and values, no address in full ---
cat >"$work/log.pl" <<'EOP'
while (<>) {
	$bad .= $_ unless /\Aoptout-milter\[\d+\]: event=[a-z-]+( [a-z_]+=("([^"\\[:cntrl:]]|\\.)*"|[^ "=[:cntrl:]]+))*\n\z/;
	$bad .= $_ if / from=(?!<>)\S{3,}(?<!…)@/ && / from=[^…]*@/;
}
print $bad;
EOP
is 'each line of the log is words and values, with no sender in full' "$(perl "$work/log.pl" "$work/milter.log")" ''

# --- reloads under load: nobody is answered anything but 250 ---
cp "$work/optout.conf" "$work/good.conf"
cp -R "$OPTOUT_FILTERS" "$work/filters"
sed "s|^store = .*|&\nfilters = $work/filters|" "$work/good.conf" >"$work/optout.conf"
start flood perl "$top_srcdir/tests/story/flood.pl" 127.0.0.1 "$mx" 4 120 unsubscribe@optout.example "$work/accepted" 120
flood_pid=$server_pid
for round in 1 2 3; do
	wait_until 60 '[ "$(cat "$work/accepted" 2>/dev/null | wc -l)" -ge $((round * 25)) ]'
	echo 'nonsense = 1' >>"$work/optout.conf"
	kill -HUP "$(cat "$work/milter.pid")"
	wait_until 20 'often $((2 * round - 1)) event=not-reloaded'
	sed "s|^store = .*|&\nfilters = $work/filters|" "$work/good.conf" >"$work/optout.conf"
	echo '[nonsense]' >>"$work/filters/en.filter"
	kill -HUP "$(cat "$work/milter.pid")"
	wait_until 20 'often $((2 * round)) event=not-reloaded'
	cp "$OPTOUT_FILTERS/en.filter" "$work/filters/en.filter"
	kill -HUP "$(cat "$work/milter.pid")"
	wait_until 20 'often "$round" event=reloaded'
done
is 'six broken and three good reloads while mail comes in' "$(grep -c 'event=not-reloaded' "$work/milter.log") $(grep -c 'event=reloaded' "$work/milter.log")" '6 3'
ok '… each broken one with its place' said 'not-reloaded.*en.filter:[0-9]'
wait "$flood_pid"
is 'all mail was taken' "$?" 0
is '… at the first attempt' "$(grep -c 'warning: milter\|milter-reject' "$work/mx.log")" 0

# --- stops under load: what is in flight is answered, the program ends with 0 ---
: >"$work/accepted"
start flood perl "$top_srcdir/tests/story/flood.pl" 127.0.0.1 "$mx" 8 200 privacy@optout.example "$work/accepted" 120
flood_pid=$server_pid
codes=
for round in 1 2 3 4; do
	wait_until 60 '[ "$(wc -l <"$work/accepted")" -ge $((round * 35)) ]'

	stop milter
	codes="$codes $stop_code"
	start_milter
done
wait "$flood_pid"
is 'all mail was taken over four stops' "$?" 0
is '… which were clean' "$codes" ' 0 0 0 0'
is '… with each message in flight answered' "$(grep -c "can't read SMFIC_BODYEOB reply\|can't read SMFIC_EOM reply" "$work/mx.log")" 0
cases | sed 's/.*"message_id":"\([^"]*\)".*/<\1>/' | sort >"$work/cases"
sort "$work/accepted" >"$work/wanted"
is '… every one accepted is a case' "$(comm -23 "$work/wanted" "$work/cases" | wc -l | tr -d ' ')" 0
ok '… in a store that is whole' optout store check

# --- a message that kills its reader ---
cat >"$work/faulty" <<'EOP'
#!/usr/bin/perl
# reads until it is asked to read something deadly
binmode STDIN;
open my $s, '+<&=', 0 or die;
sub say_it { my $m = shift; syswrite $s, pack('N', length $m) . $m }
sub take { my ($n, $b) = (shift, ''); while (length $b < $n) { sysread($s, $b, $n - length $b, length $b) or exit 0 } $b }
say_it('{"ready":true}');
while (1) {
	my ($r, $m) = unpack 'NN', take(8);
	take($r);
	my $t = take($m);
	kill 'SEGV', $$ if $t =~ /deadly/;
	say_it('{"kind":"enquiry","kind_evidence":[],"requests":[],"review":false,"urgent":false,"client_made":false,"agent":false,' .
		'"facts":{"from_count":0,"date":0,"authentication":"E0","has_list_field":false,"has_loop_field":false,"is_flagged_spam":false,' .
		'"is_apple_unsubscribe":false,"is_html_only":false,"is_encrypted":false,"is_forward":false,"has_quote":false,"is_truncated":false}}');
}
EOP
chmod +x "$work/faulty"
stop milter
start milter env OPTOUT_READER="$work/faulty" "$top_builddir/src/optout-milter" --config "$work/optout.conf"
wait_until 10 'listening "$milter_port"'
letter kill 'Unsubscribe' 'This is deadly.' 'X-Try: first'
from kill@sender.example privacy@optout.example "$work/kill.eml" >"$work/reply"
is 'the first time, its sender shall try again' "$? $(sed 's/^\(451 4.3.0\).*/\1/' "$work/reply")" '75 451 4.3.0'
letter harmless 'Hello' 'When do you open?'
ok '… others are read meanwhile' from harmless@sender.example privacy@optout.example "$work/harmless.eml"
letter kill 'Unsubscribe' 'This is deadly.' 'X-Try: second'
ok 'the second time it is taken' from kill@sender.example privacy@optout.example "$work/kill.eml"
cases | grep 'could not be read' >"$work/unread"
is '… as one case for review' "$(wc -l <"$work/unread" | tr -d ' ') $(field state <"$work/unread")" '1 review'
ok '… with the reason' grep -q 'signal 11' "$work/unread"
ok '… and a date' grep -q '"due":"2' "$work/unread"
optout show --raw "$(field ref <"$work/unread")" >"$work/raw"
ok '… and what was sent' grep -q '^This is deadly' "$work/raw"
ok 'the third time too' from kill@sender.example privacy@optout.example "$work/kill.eml"
is '… as the same case' "$(cases | grep -c 'could not be read')" 1

# --- a store that is full ---
stop milter
rm -rf "$work/store"
sed 's/^map-size = .*/map-size = 1M/' "$work/good.conf" >"$work/optout.conf"
ok 'a small store' start_milter
perl -e 'print "Please unsubscribe me from your newsletter.\n\n", ("x" x 70 . "\n") x 1500' >"$work/filler"
full=0
for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	letter "fill$n" 'Unsubscribe' "$(cat "$work/filler")"
	from "fill$n@sender.example" unsubscribe@optout.example "$work/fill$n.eml" >"$work/reply" || { full=$?; break; }
done
is 'a full store: the sender shall try again' "$full $(sed 's/^\(452 4.3.1\).*/\1/' "$work/reply")" '75 452 4.3.1'
is '… all that was taken is recorded' "$(cases | wc -l | tr -d ' ')" $((n - 1))
letter others 'Hello' 'Nothing for us.'
ok '… mail for others passes' from others@sender.example bob@example.net "$work/others.eml"
ok '… the store is whole' optout store check
stop milter
sed 's/^map-size = .*/map-size = 64M/' "$work/good.conf" >"$work/optout.conf"
ok 'with more room it starts again' start_milter
ok '… and takes what it could not' from "fill$n@sender.example" unsubscribe@optout.example "$work/fill$n.eml"
stop milter

# --- the wrong user ---
chmod 644 "$work/optout.conf"
chown -R postfix "$work/store"
optout check nobody@sender.example >/dev/null 2>"$work/wrong"
is 'the wrong user is refused' "$?" 2
ok '… with a command' grep -q 'run: runuser -u postfix -- ' "$work/wrong"
sh -c "$(sed -n 's/.*; run: //p' "$work/wrong")" >"$work/right" 2>&1
is '… that works' "$?" 1
finish
