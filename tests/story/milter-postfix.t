#!/bin/sh
# optout-milter behind a real Postfix: what is discarded, delivered, held; what a reload, a stop and a failure do.
#
#   client → Postfix "mx" → optout-milter
#                        → smtp-sink, for what is delivered
. "$top_srcdir/tests/story/lib.sh"
need postfix postfix
need smtp-sink postfix
need_root
begin

# --- the parts ---
mkdir "$work/sink"
chown postfix "$work/sink"
sink_port=$(free_port)
cd "$work/sink" || exit 1
start sink smtp-sink -u postfix -d '%s.' "127.0.0.1:$sink_port" 100
cd "$top_builddir" || exit 1
wait_until 10 'listening "$sink_port"'
sunk() { grep -l -- "$1" "$work"/sink/* 2>/dev/null | wc -l | tr -d ' '; }
delivered() {
	awaited=$1
	wait_until 20 '[ "$(sunk "$awaited")" = 1 ]'
}
the() { cat $(grep -l -- "$1" "$work"/sink/*); }

milter_port=$(free_port)
optout_config
ok 'optout-milter starts' start_milter
mx=$(free_port)
postfix_config mx "$mx" "smtpd_milters = inet:127.0.0.1:$milter_port" "default_transport = smtp:[127.0.0.1]:$sink_port" \
	"milter_command_timeout = 20s"
ok 'Postfix starts' postfix_start mx

gone() { [ -z "$(postqueue -c "$work/mx" -j)" ]; }

# --- what becomes of a message ---
letter others 'Hello' 'Please unsubscribe me'
ok 'mail for others passes' send others bob@example.net
ok '… to them' delivered others@sender.example
is '… and is no case' "$(case_of others)" ''

letter stop 'Unsubscribe' 'Please unsubscribe me from your newsletter.'
ok 'an opt-out is taken' send stop unsubscribe@optout.example
is '… completed' "$(case_of stop | field state)" completed
ok '… goes no further' wait_until 10 gone
is '… indeed' "$(sunk stop@sender.example)" 0
queue_id=$(sed -n 's/.*event=recorded queue_id=\([^ ]*\) from=s….*/\1/p' "$work/milter.log")
ok '… known by its queue id' grep -q "$queue_id: message-id=<stop@sender.example>" "$work/mx.log"

letter erase 'My data' 'Please delete all personal data that you hold about me.' 'Optout-Case: FORG-ED00' 'X-Other: kept' 'OPTOUT-CASE: FORG-ED01' 'Optout-Due: 2001-01-01'
ok 'a letter is taken' send erase privacy@optout.example
ok '… and delivered' delivered erase@sender.example
the erase@sender.example >"$work/erase.out"
is '… with its case' "$(sed -n 's/^Optout-Case: \(.*[A-Z0-9]\).*/\1/p' "$work/erase.out")" "$(case_of erase | field ref)"
is '… and its day' "$(sed -n 's/^Optout-Due: \([-0-9]*\).*/\1/p' "$work/erase.out")" "$(case_of erase | sed 's/"requests":\[[^]]*\]//' | field due)"
is '… once each' "$(grep -ci '^optout-' "$work/erase.out")" 2
ok '… and all else' grep -q '^X-Other: kept' "$work/erase.out"

letter mixed 'Unsubscribe' 'Please unsubscribe me from your newsletter.' 'Optout-Case: FORG-ED00'
ok 'mail to us and others is taken' send mixed bob@example.net,Unsubscribe+tag@Optout.Example
ok '… delivered to the others' delivered mixed@sender.example
is '… not to us' "$(grep 'to=<' "$work/mx.log" | grep -c 'nsubscribe.*@.*status=sent')" 0
is '… and recorded' "$(case_of mixed | wc -l | tr -d ' ')" 1

perl -e 'print "X-Big:", map({ " " . "x" x 900 . "\n" } 1 .. 110)' >"$work/big.header"
letter big 'My data' 'Please delete all personal data that you hold about me.' "$(cat "$work/big.header")"
ok 'a header of 99 KB is taken' send big privacy@optout.example
ok '… delivered' delivered big@sender.example
is '… recorded' "$(case_of big | field state)" open

perl -e 'print "Please delete all my personal data.\n\n", ("x" x 70 . "\n") x 160000' >"$work/long.text"
letter long 'My data' "$(cat "$work/long.text")"
postconf -c "$work/mx" message_size_limit=40000000
postfix -c "$work/mx" reload >/dev/null 2>&1
ok 'mail over message-size is taken' wait_until 20 'send long privacy@optout.example'
is '… for review' "$(case_of long | field state)" review

# --- many messages over few connections ---
ok 'a hundred messages for others over two connections' smtp-source -s 2 -m 100 -d -f x@sender.example -t bob@example.net "127.0.0.1:$mx"

# --- reload ---
letter twice 'Unsubscribe' 'Please unsubscribe me from your newsletter.'
start hold perl "$top_srcdir/tests/story/hold.pl" 127.0.0.1 "$mx" twice@sender.example unsubscribe@optout.example "$work/twice.eml" \
	between "$work/waiting" "$work/go"
hold_pid=$server_pid
ok 'a first message of a connection is taken' wait_until 20 '[ -e "$work/waiting" ]'
cp "$work/optout.conf" "$work/good.conf"
echo 'nonsense = 1' >>"$work/optout.conf"
kill -HUP "$(cat "$work/milter.pid")"
ok 'a broken configuration is refused' wait_until 10 'grep -q "event=not-reloaded.*nonsense" "$work/milter.log"'
sed 's/^after = discard/after = deliver/' "$work/good.conf" >"$work/optout.conf"
kill -HUP "$(cat "$work/milter.pid")"
ok 'a good one is taken' wait_until 10 'grep -q "event=reloaded" "$work/milter.log"'
: >"$work/go"
wait "$hold_pid"
is 'the second message of that connection is taken' "$?" 0
ok '… and treated by the new rules' delivered 2.twice@sender.example
is '… the first was by the old ones' "$(sunk 1.twice@sender.example)" 0

sed 's/^after = deliver/after = quarantine/' "$work/good.conf" >"$work/optout.conf"
kill -HUP "$(cat "$work/milter.pid")"
ok 'quarantine is set' wait_until 10 '[ "$(grep -c event=reloaded "$work/milter.log")" = 2 ]'
letter held 'My data' 'Please delete all personal data that you hold about me.'
ok 'a letter is taken' send held privacy@optout.example
ok '… and held' wait_until 10 'postqueue -c "$work/mx" -j | grep -q "\"queue_name\": \"hold\".*held@sender.example"'
letter shared 'My data' 'Please delete all personal data that you hold about me.'
ok 'a letter to others as well is taken' send shared privacy@optout.example,bob@example.net
ok '… and not held' wait_until 20 '[ "$(sunk shared@sender.example)" -ge 1 ]'

# --- stop ---
letter last 'Unsubscribe' 'Please unsubscribe me from your newsletter.'
rm -f "$work/waiting" "$work/go"
start hold perl "$top_srcdir/tests/story/hold.pl" 127.0.0.1 "$mx" last@sender.example unsubscribe@optout.example "$work/last.eml" \
	before-dot "$work/waiting" "$work/go"
hold_pid=$server_pid
ok 'a message is being sent' wait_until 20 '[ -e "$work/waiting" ]'
milter_pid=$(cat "$work/milter.pid")
kill "$milter_pid"
ok 'the milter is told to stop' wait_until 10 'grep -q event=stopping "$work/milter.log"'
: >"$work/go"
wait "$hold_pid"
is '… the message is answered all the same' "$?" 0
wait "$milter_pid"
is '… then it ends well' "$?" 0
rm -f "$work/milter.pid"
is '… with the message recorded' "$(case_of 1.last | field state)" completed
letter after 'Unsubscribe' 'Please unsubscribe me from your newsletter.'
send after unsubscribe@optout.example >/dev/null
is 'while it is down mail is put off' "$?" 75

# --- a Unix socket ---
socket=$work/milter.sock
sed -i "s|^milter-socket = .*|milter-socket = unix:$socket\nmilter-socket-mode = 0660\nmilter-socket-group = postfix|" "$work/optout.conf"
perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => shift, Listen => 1) or die' "$socket"
ok 'a stale socket is there' test -S "$socket"
start milter "$top_builddir/src/optout-milter" --config "$work/optout.conf"
ok 'it is replaced' wait_until 10 'grep -q "event=listening socket=unix:" "$work/milter.log"'
is '… with mode and group' "$(stat -c '%a %G' "$socket")" '660 postfix'
postconf -c "$work/mx" "smtpd_milters = unix:$socket"
postfix -c "$work/mx" reload >/dev/null 2>&1
ok 'mail is taken again' wait_until 20 'send after unsubscribe@optout.example'
is '… and recorded once' "$(case_of after | wc -l | tr -d ' ')" 1
ok 'the store holds what it should' optout store check
finish
