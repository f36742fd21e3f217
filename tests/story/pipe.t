#!/bin/sh
# pipe.t - optout-pipe: the envelope from arguments and environment, the record, and the exit status, which is 0 or 75 and nothing else.
. "$top_srcdir/tests/story/lib.sh"
begin
[ -x "$top_builddir/src/optout-reader" ] || skip_all 'optout-reader is not built'
unset PAGER SENDER RECIPIENT ORIGINAL_RECIPIENT LOCAL_PART DOMAIN
optout_config 'own-hops = 1' 'message-size = 64K'
serial=0

# message [LINE…]: a new one in $work/mail, with these header lines
message() {
	serial=$((serial + 1))
	{
		[ $# = 0 ] || printf '%s\n' "$@"
		printf '%s\n' 'From: Ann <ann@example.org>' 'To: unsubscribe@optout.example' "Message-ID: <$serial@example.org>" 'Subject: unsubscribe' '' \
			"Please take me off your mailing list. $serial"
	} >"$work/mail"
}
# pipe ARGUMENT…: takes $work/mail; the exit status is $code
pipe() {
	"$top_builddir/src/optout-pipe" --config "$work/optout.conf" "$@" <"$work/mail" >"$work/pipe.out" 2>"$work/pipe.err"
	code=$?
}
logged() { grep -q "$1" "$work/pipe.err"; }
cases() { optout queue --state all --json | wc -l | tr -d ' '; }

message
pipe -f ann@example.org unsubscribe@optout.example
is 'by arguments' $code 0
is 'is a case' "$(cases)" 1
ok 'its sender is suppressed' optout check ann@example.org
is 'says nothing on standard output' "$(cat "$work/pipe.out")" ''
ok 'logs one event with the reference' logged 'event=recorded .*requests=marketing-opt-out ref=....-....'
is 'and no more' "$(wc -l <"$work/pipe.err" | tr -d ' ')" 1
pipe -f ann@example.org unsubscribe@optout.example
is 'the same once more: taken' $code 0
is 'but no second case' "$(cases)" 1

message
SENDER=env@example.org ORIGINAL_RECIPIENT=unsubscribe@optout.example RECIPIENT=else@example.com pipe
is 'by environment, as Postfix' "$code $(cases)" '0 2'
ok 'with its sender' logged 'from=e…@example.org'
message
SENDER=env@example.org RECIPIENT=unsubscribe@optout.example pipe
is 'by RECIPIENT' "$code $(cases)" '0 3'
message
SENDER=env@example.org LOCAL_PART=unsubscribe DOMAIN=optout.example pipe
is 'by LOCAL_PART and DOMAIN, as Exim' "$code $(cases)" '0 4'
message
SENDER=env@example.org pipe -f arg@example.org unsubscribe+detail@optout.example
is 'arguments go before the environment; a detail is cut' "$code $(cases)" '0 5'
ok 'with their sender' logged 'from=a…@example.org'
message 'From line@example.org Mon Nov  2 10:00:00 2026'
pipe unsubscribe@optout.example
is 'a From line, and its sender' "$code $(cases)" '0 6'
ok 'is the sender' logged 'from=l…@example.org'
message
pipe unsubscribe@optout.example
is 'no sender at all: recorded' $code 0
ok 'with a warning' logged 'event=no-sender'
ok 'its request is understood all the same' logged 'event=recorded .*kind=request requests=marketing-opt-out'
for null in '' '<>' MAILER-DAEMON; do
	message
	pipe -f "$null" unsubscribe@optout.example
	is "null sender '$null'" $code 0
	ok "null sender '$null' is null" logged 'from=<>'
done
message
pipe -f ann@example.org -- unsubscribe@optout.example privacy@optout.example
is 'two of ours' $code 0
is 'an event each' "$(grep -c event=recorded "$work/pipe.err")" 2

# --- what must not be lost ---
before=$(cases)
message
pipe -f ann@example.org else@example.com
is 'not ours: kept by the mail server' $code 75
ok 'with advice' logged 'else@example.com has no \[address'
pipe -f ann@example.org unsubscribe@optout.example else@example.com
is 'one of them not ours: kept' $code 75
pipe -f ann@example.org
is 'no recipient: kept' $code 75
pipe --wrong
is 'a wrong option: kept' $code 75
pipe -f
is 'an option without its value: kept' $code 75
is 'and nothing of those is recorded' "$(cases)" "$before"
pipe --help
is 'help' "$code $(head -n 1 "$work/pipe.out" | cut -c1-18)" '0 Usage: optout-pipe'

try() { "$top_builddir/src/optout-pipe" --config "$1" -f ann@example.org unsubscribe@optout.example <"$work/mail" >/dev/null 2>"$work/pipe.err"; code=$?; }
try "$work/none.conf"
is 'no configuration: kept' $code 75
ok 'and the file is named' logged none.conf
sed 's/^store = .*/stoer = x/' "$work/optout.conf" >"$work/bad.conf"
try "$work/bad.conf"
is 'a bad configuration: kept' $code 75
ok 'and the key is named' logged stoer
sed 's,^store = .*,store = /dev/null/store,' "$work/optout.conf" >"$work/bad.conf"
try "$work/bad.conf"
is 'no store: kept' $code 75
mkdir "$work/filters"
cp -R "${OPTOUT_FILTERS:-$top_srcdir/filters}/." "$work/filters"
printf 'language und\n[erasure\n' >"$work/filters/common.filter"
sed "s,^store = .*,&\nfilters = $work/filters," "$work/optout.conf" >"$work/bad.conf"
try "$work/bad.conf"
is 'a broken filter: kept' $code 75
ok 'and its line is named' logged 'common.filter:2'
OPTOUT_READER=$work/none try "$work/optout.conf"
is 'no reader: kept' $code 75
OPTOUT_READER=$work/none try "$work/optout.conf"
is 'no reader, again: still kept' $code 75
is 'and nothing of those is recorded' "$(cases)" "$before"

# --- a message that kills its reader: kept once, then recorded for a person ---
cat >"$work/deadly" <<'EOT'
#!/bin/sh
printf '\000\000\000\016{"ready":true}' >&0
head -c 8 >/dev/null
kill -SEGV $$
EOT
chmod +x "$work/deadly"
message
OPTOUT_READER=$work/deadly try "$work/optout.conf"
is 'deadly mail, first: kept' $code 75
ok 'and the reason is told' logged 'signal 11'
OPTOUT_READER=$work/deadly try "$work/optout.conf"
is 'deadly mail, again: recorded' $code 0
ok 'for review' sh -c 'optout() { "$1/src/optout" --config "$2/optout.conf" queue --state review --json; }; optout "$0" "$1" | grep -q "could not be read.*signal 11"' \
	"$top_builddir" "$work"

# --- large and odd ---
message
perl -e 'print "x" x 70, "\n" for 1 .. 200000' >>"$work/mail"
pipe -f big@example.org unsubscribe@optout.example
is 'larger than message-size: recorded' $code 0
ok 'for review' sh -c '"$0/src/optout" --config "$1/optout.conf" queue --state review --json | grep -q "<$2@example.org\|\"$2@example.org"' "$top_builddir" "$work" $serial
: >"$work/mail"
pipe -f nothing@example.org unsubscribe@optout.example
is 'no bytes at all: recorded' $code 0
printf 'From: ann@example.org\r\nTo: unsubscribe@optout.example\r\nSubject: unsubscribe\r\n\r\nunsubscribe \000\377\033[2J\r\n.\r\n' >"$work/mail"
pipe -f odd@example.org unsubscribe@optout.example
is 'NUL, bad UTF-8, escapes: recorded' $code 0
ok 'the log has no control characters' sh -c '! LC_ALL=C grep -q "[[:cntrl:]]" "$0/pipe.err"' "$work"

# --- at once ---
i=0
children=
while [ $i -lt 20 ]; do
	i=$((i + 1))
	printf 'From: p%s@example.org\nTo: unsubscribe@optout.example\nMessage-ID: <p%s@x>\nSubject: unsubscribe\n\nunsubscribe\n' $i $i >"$work/p$i"
	"$top_builddir/src/optout-pipe" --config "$work/optout.conf" -f p$i@example.org unsubscribe@optout.example <"$work/p$i" >/dev/null 2>&1 &
	children="$children $!"
done
bad=0
for child in $children; do wait "$child" || bad=$((bad + 1)); done
is 'twenty at once: all taken' $bad 0
is 'twenty at once: all there' "$(optout queue --state all --json | grep -c '"subject_address":"p[0-9]*@example.org"')" 20
finish
