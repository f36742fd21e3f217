#!/bin/sh
# cli.t - the interface that other tools rely on, once through real programs: the configuration as documented, every command with its
# JSON keys and exit status, what a message makes of the record, the first day (mode = observe), and letters held and released.
. "$top_srcdir/tests/story/lib.sh"
begin
[ -x "$top_builddir/src/optout-reader" ] || skip_all 'optout-reader is not built'
need smtp-sink postfix
perl -MJSON::PP -e 1 2>/dev/null || skip_all 'JSON::PP is not installed (Debian: perl)'
unset PAGER NO_COLOR SENDER RECIPIENT ORIGINAL_RECIPIENT LOCAL_PART DOMAIN
U=unsubscribe@optout.example P=privacy@optout.example
relay_port=$(free_port)
optout_config 'own-hops = 1'
serial=0

# mail [-l LEVEL] FROM TO SUBJECT TEXT [HEADER…]: through optout-pipe, as a border that vouches for From (-l pass) or not hands it on; in $work/m.N
mail() {
	proof=pass
	[ "$1" != -l ] || { proof=$2; shift 2; }
	serial=$((serial + 1)) from=$1 to=$2 subject=$3 text=$4
	shift 4
	{
		printf '%s\n' 'Received: from a (a [192.0.2.1]) by mx.optout.example; Tue, 24 Nov 2026 10:00:00 +0000' \
			"Authentication-Results: mx.optout.example; dmarc=$proof header.from=${from#*@}"
		[ $# = 0 ] || printf '%s\n' "$@"
		printf '%s\n' "From: $from" "To: $to" "Message-ID: <${id:-$serial}@${from#*@}>" "Subject: $subject" 'MIME-Version: 1.0' \
			'Content-Type: text/plain; charset=utf-8' '' "$text"
	} >"$work/m.$serial"
	"$top_builddir/src/optout-pipe" --config "$work/optout.conf" -f "$from" "$to" <"$work/m.$serial" 2>>"$work/pipe.log" || note "optout-pipe: $?"
}
# code COMMAND…: its exit status alone
code() { "$@" >"$work/code.out" 2>&1; echo $?; }
# json EXPRESSION: of each line on standard input, which must be strict UTF-8 JSON without control characters, the value for $_
json() {
	perl -MJSON::PP -e 'my $e = shift; my $json = JSON::PP->new->utf8;
		while (my $line = <STDIN>) {
			chomp $line;
			die "control characters in $line" if $line =~ /[\x00-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xaa-\xae]/;
			$_ = $json->decode($line);
			my $value = eval $e; die $@ if $@; binmode STDOUT, ":utf8"; print $value // "null", "\n"
		}' "$1"
}
ref() { optout queue --state all --json | json "\$_->{subject_address} eq '$1' ? \$_->{ref} : ''" | grep . | head -n "${2:-1}" | tail -n 1; }
keys() { head -n 1 | grep -o '"[a-z_]*":' | head -n "$1" | tr -d '":' | tr '\n' ' '; }

# --- the configuration, keys and groups as the interface prints them ---
echo secret >"$work/password"
: >"$work/token"
cat >"$work/printed.conf" <<END
[optout]
# created 0700
store = $work/printed
milter-socket = unix:$work/milter.sock
# one or more, later ones add or override; default: the installed one
filters = "${OPTOUT_FILTERS:-$(cd "$top_srcdir" && pwd)/filters}"
# none: no Authentication-Results are believed
authserv-id = mx.example.com
milter-socket-mode = 0660
milter-socket-group = $(id -gn)
recipient-delimiter = +
timezone = Europe/Berlin
token-key-file = $work/token
map-size = 1G
[smtp]
# smtps:// too
url = smtps://127.0.0.1:465
tls = required
user = me
password-file = $work/password
from = Privacy Team <privacy@example.com>
[controller NAME]
name = "The Shop"
postal-address = '1 Main Street'
preferences-url = https://shop.example/preferences
dispute-url = https://shop.example/disputes
contact = privacy@example.com
country = de
languages = "de", 'en'
[address unsubscribe@example.com]
controller = NAME
role = opt-out
after = discard
[address privacy@example.com]
controller = "NAME"
role = privacy
after = quarantine
END
configtest() { "$top_builddir/src/optout" --config "$work/$1.conf" configtest; }
ok 'the configuration as printed is good' configtest printed
# faulty EDIT WORDS…: a configuration changed by sed is refused, with file, group and key
faulty() {
	sed "$1" "$work/printed.conf" >"$work/faulty.conf"
	is "refused: $1" "$(code configtest faulty) $(grep -c "faulty.conf.*$2" "$work/code.out")" '2 1'
}
faulty 's/^tls .*/tls = perhaps/' '\[smtp\] tls: .*required | if-offered | none'
faulty 's/^tls .*/tlss = none/' '\[smtp\] tlss: no such key'
faulty 's/^\[smtp\]/[optout]/' '\[optout\] stands twice'
faulty 's/^\[address privacy.*/[address UNSUBSCRIBE@example.com]/' 'UNSUBSCRIBE@example.com stands twice'
faulty 's,^password-file .*,password-file = /no/such,' '\[smtp\] password-file: /no/such'
faulty 's,^filters .*,filters = /no/such,' '\[optout\] filters: /no/such'
faulty 's/^controller = NAME/controller = OTHER/' '\[address unsubscribe@example.com\] controller: '
is 'no configuration' "$(code configtest none)" 2
is 'no store yet' "$(code optout queue) $(grep -c 'there is no store' "$work/code.out")" '2 1'

# --- messages, and what each makes of the record ---
mail anna@example.org $U unsubscribe 'Please take me off your mailing list.'
mail erasure@example.org $P Erasure 'Please delete all personal data that you hold about me, under Article 17 GDPR.'
mail objection@example.org $P x 'I object to the processing of my personal data under Article 21 GDPR.'
mail restriction@example.org $P x 'I request restriction of processing of my personal data under Article 18 GDPR.'
mail consent@example.org $P x 'I withdraw my consent to the processing of my personal data.'
mail access@example.org $P x 'Ich bitte um Auskunft nach Art. 15 DSGVO über alle Daten, die Sie über mich gespeichert haben.'
mail sale@example.org $P x 'Do not sell or share my personal information.'
mail enquiry@example.org $P Question 'Where is your privacy policy published, please?'
mail authority@example.org $P 'Our file 12/34' 'We are the supervisory authority for data protection. Please respond to this inquiry about a data breach.'
mail empty@example.org $U '' ''
mail away@example.org $U 'Out of office' 'I am out of the office until Monday.' 'Auto-Submitted: auto-replied'
mail gmail@gmail.com $U unsubscribe 'This message was automatically generated by Gmail.'
mail apple@icloud.com $U '' 'Apple Mail sent this email to unsubscribe from the message “News”.' 'Auto-Submitted: auto-replied' 'X-Apple-Unsubscribe: true'
for who in anna erasure objection restriction consent empty; do
	is "$who@ gets no marketing" "$(code optout check $who@example.org)" 0
done
ok 'and it is said since when' grep -q 'marketing since 20..-..-..T..:..:..Z' "$work/code.out"
for who in access enquiry authority away; do
	is "$who@ gets marketing" "$(code optout check $who@example.org)" 1
done
is 'no sale: disclosure' "$(code optout check --scope disclosure sale@example.org)" 0
is 'anna@: only marketing' "$(code optout check --scope disclosure anna@example.org)" 1
is 'marketing implies every list' "$(code optout check --scope weekly --controller shop ANNA@EXAMPLE.org)" 0
is 'a controller that is none' "$(code optout check --controller other anna@example.org)" 2
is 'no address' "$(code optout check anna) $(code optout check) $(code optout check --wrong anna@example.org)" '2 2 2'
is 'check --json' "$(optout check --json anna@example.org | json 'join " ", $_->{suppressed} ? "yes" : "no", @$_{qw(address scope controller)}')" \
	'yes anna@example.org marketing shop'

# --- queue ---
is 'queue: keys, in order' "$(optout queue --json | sed 's/"requests":\[.*\],"subject/"requests":[],"subject/' | keys 11)" \
	'ref uuid state requests subject_address received due law language message_id review_reason '
is 'queue: the unfinished, in the order they came' "$(optout queue --json | json '(split /@/, $_->{subject_address})[0]' | tr '\n' ' ')" \
	'erasure objection restriction consent access enquiry authority '
is 'queue --state' "$(optout queue --state completed --json | wc -l | tr -d ' ') $(optout queue --state review --json | json '$_->{subject_address}')" \
	'5 authority@example.org'
is 'queue --state all' "$(optout queue --state all --json | wc -l | tr -d ' ')" 12
is 'queue: soonest due first, in all states' "$(for s in all review open completed; do optout queue --state $s --json | json '$_->{due}' | sort -c 2>&1; done)" ''
is 'queue: formats' "$(optout queue --state all --json | json '$_->{received} =~ /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/ && $_->{due} =~ /^\d{4}-\d\d-\d\d$/ &&
	$_->{uuid} =~ /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/ && $_->{ref} =~ /^[0-9A-Z]{4}-[0-9A-Z]{4}$/ ? 1 : 0' | sort -u)" 1
is 'queue: confidence from 0 to 1' "$(optout queue --state all --json | json '(grep $_->{confidence} < 0 || $_->{confidence} > 1, @{$_->{requests}}) ? 1 : 0' | sort -u)" 0
is 'a state that is none' "$(code optout queue --state done)" 2
is 'an opt-out is completed' "$(optout show "$(ref anna@example.org)" --json | json '$_->{state}')" completed
is 'an authority: urgent, in review, with a date' "$(optout show "$(ref authority@example.org)" --json | json 'join " ", $_->{state}, $_->{urgent} ? "urgent" : "", $_->{due} ? "dated" : ""')" \
	'review urgent dated'
is 'an enquiry: the house promise' "$(optout show "$(ref enquiry@example.org)" --json | json 'join " ", @$_{qw(kind state law)}')" 'enquiry open house'
is 'German' "$(optout show "$(ref access@example.org)" --json | json 'join " ", $_->{language}, $_->{requests}[0]{type}')" 'de access'

# --- show ---
anna=$(ref anna@example.org)
ok 'show --raw: byte for byte' sh -c '"$0" --config "$1/optout.conf" show --raw "$2" | cmp - "$1/m.1"' "$top_builddir/src/optout" "$work" "$anna"
printf 'From: bytes@example.org\r\nTo: %s\r\nSubject: unsubscribe\r\n\r\n\000\377\033[2J\r\n.\r\n' $U >"$work/m.bytes"
"$top_builddir/src/optout-pipe" --config "$work/optout.conf" -f bytes@example.org $U <"$work/m.bytes" 2>>"$work/pipe.log"
optout show --raw "$(ref bytes@example.org)" >"$work/raw"
ok 'also NUL, CR LF and what is no UTF-8' cmp "$work/raw" "$work/m.bytes"
uuid=$(optout show "$anna" --json | json '$_->{uuid}')
is 'show: by UUID, in lower case, without the hyphen' "$(for r in "$uuid" "$(echo "$anna" | tr 'A-Z' 'a-z')" "$(echo "$anna" | tr -d -)"; do optout show "$r" --json | json '$_->{ref}'; done | sort -u)" "$anna"
is 'show: times are RFC 3339' "$(optout show "$anna" --json | json 'join " ", map { /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/ ? 1 : 0 } $_->{received}, $_->{case}{received}, $_->{events}[0]{time},
	@{$_->{acknowledgements}[0]}{qw(queued next)}')" '1 1 1 1 1'
is '--config behind the command' "$("$top_builddir/src/optout" show "$anna" --json --config "$work/optout.conf" | json '$_->{ref}')" "$anna"
is 'show: events and acknowledgements' "$(optout show "$anna" --json | json 'join " ", (sort map $_->{type}, @{$_->{events}}), map $_->{state}, @{$_->{acknowledgements}}')" \
	'received suppressed due'
for words in 'show NOPE' 'show' 'approve NOPE' "approve $anna" 'reclassify NOPE erasure' "reclassify $anna" "reclassify $anna nonsense" "reclassify $anna erasure unrelated" \
	'outbox --release NOPE' "outbox --release $anna" 'store' 'store nonsense' 'export --since nope' 'export --format xml' 'nonsense' '--wrong'; do
	# shellcheck disable=SC2086  # words
	is "refused: $(echo "$words" | sed "s/$anna/REF/")" "$(code optout $words) $(test -s "$work/code.out" && echo told)" '2 told'
done

# --- hostile words ---
mail evil@example.org $P "$(printf '=?utf-8?q?delete_my_data_=1B]0;x=07=E2=80=AE=C2=9B31m=00=FF=0D=0A?= \033[2J \302\2335m \377')" "$(printf 'Please delete all my personal data. \033[31m')"
evil=$(ref evil@example.org)
is 'JSON is JSON all the same' "$(optout show --json "$evil" | json '$_->{requests}[0]{type}')" erasure
ok 'the subject is told whole, escaped' sh -c '"$0" --config "$1/optout.conf" show "$2" | grep -q "delete my data .u{1B}\]0;x.u{7}.u{202E}.u{9B}31m"' "$top_builddir/src/optout" "$work" "$evil"
if script -qec true /dev/null </dev/null >/dev/null 2>&1; then
	for words in queue "show $evil" "show --raw $evil" outbox; do
		TERM=xterm PAGER='' script -qec "'$top_builddir/src/optout' --config '$work/optout.conf' $words" /dev/null </dev/null | tr -d '\r' >"$work/screen"
		is "a terminal sees colours, and nothing of the mail: ${words% *}" \
			"$(sed "s/$(printf '\033')\[[0-9]*m//g" "$work/screen" | LC_ALL=C grep -c "$(printf '\033\|\007\|\302\233\|\342\200\256\|\377')")$(LC_ALL=C grep -c "$(printf '\033\[31m\.')" "$work/screen")" 00
	done
else
	skip 'terminals' 'no script(1)'
fi

# --- decisions ---
authority=$(ref authority@example.org)
is 'approve' "$(optout approve "$authority" --json | json 'join " ", @$_{qw(ref state)}')" "$authority open"
is 'reclassify: several requests' "$(optout reclassify --json "$evil" access marketing-opt-out | json 'join " ", $_->{state}, map $_->{type}, @{$_->{requests}}')" 'open access marketing-opt-out'
is 'reclassify: unrelated' "$(optout reclassify --json "$evil" unrelated | json 'join " ", @$_{qw(state kind)}') $(code optout check evil@example.org)" 'completed unrelated 1'
mail anna@example.org $U unsubscribe 'I said: please take me off your mailing list.'
second=$(optout queue --state all --json | json "\$_->{subject_address} eq 'anna@example.org' && \$_->{ref} ne '$anna' ? \$_->{ref} : ''" | grep .)
optout reclassify "$second" enquiry >/dev/null
is 'what another message asked stays' "$(code optout check anna@example.org)" 0

# --- export ---
optout export >"$work/export.csv"
is 'export: CSV' "$(head -n 1 "$work/export.csv")" time,change,address,controller,scope,reason
ok 'export: a line a change' grep -q '^20.*Z,add,anna@example.org,shop,marketing,request$' "$work/export.csv"
is 'export: what was lifted' "$(cut -d, -f2,3 "$work/export.csv" | grep evil | tr '\n' ' ')" 'add,evil@example.org remove,evil@example.org '
is 'export: NDJSON is the same' "$(optout export --json | json 'join ",", @$_{qw(time change address controller scope reason)}' | cksum)" "$(sed 1d "$work/export.csv" | cksum)"
is 'export --since' "$(optout export --since 2099-01-01 | wc -l | tr -d ' ') $(optout export --since "$(sed -n '2s/,.*//p' "$work/export.csv")" | cksum)" "1 $(cksum <"$work/export.csv")"

# --- the same message again ---
before=$(optout queue --state all --json | wc -l)
id=copy mail -l fail dora@example.org $P x 'Please delete all personal data that you hold about me.'
id=copy mail -l fail dora@example.org $P x 'Please delete all personal data that you hold about me.'
is 'a resend: no second case' $(($(optout queue --state all --json | wc -l) - before)) 1
id=copy mail -l pass dora@example.org $P x 'Please delete all personal data that you hold about me.'
is 'proved better: a case of its own' $(($(optout queue --state all --json | wc -l) - before)) 2
id=copy mail -l fail dora@example.org $P x 'Please delete all personal data that you hold about me.'
is 'and less proved once more: none' $(($(optout queue --state all --json | wc -l) - before)) 2
cp "$work/m.$serial" "$work/second"
"$top_builddir/src/optout-pipe" --config "$work/optout.conf" -f dora@example.org $U <"$work/second" 2>>"$work/pipe.log"
is 'a copy to a second address: a case of its own' $(($(optout queue --state all --json | wc -l) - before)) 3

# --- acknowledgements ---
is 'outbox: keys, in order' "$(optout outbox --json | keys 12)" 'ref state to text language message_id queued next done attempts copies reason '
is 'client-made: none' "$(optout outbox --json | json '$_->{to}' | grep -c 'gmail\|icloud')" 0
is 'one person, one matter: one' "$(optout outbox --json | json '$_->{to}' | grep -c anna)" 1
held=$(optout outbox --json | json '$_->{state} eq "held" ? $_->{to} : ""' | grep .)
is 'held: who is not authenticated' "$(echo "$held" | tr '\n' ' ')" 'bytes@example.org dora@example.org '
start_sink
"$top_builddir/src/optout-send" --config "$work/optout.conf" --once >"$work/send.log" 2>&1
is 'optout-send --once' $? 0
is 'sent: all but the held' "$(optout outbox --json | json '$_->{state}' | sort -u)" held
letter_to() { cat $(grep -l "^To: $1" "$work"/mail/*); }
letter_to anna@example.org >"$work/letter"
ok 'null sender, to the Return-Path alone' sh -c 'grep -q "^X-Mail-Args: <>" "$0" && grep -q "^X-Rcpt-Args: <anna@example.org>" "$0"' "$work/letter"
ok 'RFC 3834' sh -c 'grep -q "^Auto-Submitted: auto-replied" "$0" && grep -q "^In-Reply-To: <1@example.org>" "$0" && grep -q "^References: <1@example.org>" "$0" &&
	grep -q "^X-Auto-Response-Suppress: All" "$0"' "$work/letter"
ok 'the reference in subject and text' sh -c 'test "$(grep -c "$1" "$0")" = 2 && grep -q "^Subject: .*\[ref $1\]" "$0"' "$work/letter" "$anna"
ok 'small, no law named, nothing quoted' sh -c 'test "$(wc -c <"$0")" -lt 4096 && ! grep -qi "gdpr\|2016/679\|mailing list" "$0"' "$work/letter"
ok 'in German' sh -c 'cat "$@" | grep -q "^Content-Language: de"' sh "$work"/mail/*
letter_to empty@example.org >"$work/letter"
ok 'without words: the first of languages' grep -q '^Content-Language: en' "$work/letter"
dora=$(optout outbox --json | json '$_->{to} =~ /^dora/ ? $_->{ref} : ""' | grep .)
is 'outbox --release' "$(optout outbox --json --release "$dora" | json 'join " ", @$_{qw(ref state)}')" "$dora due"
is 'once' "$(code optout outbox --release "$dora")" 2
optout outbox --release "$(ref bytes@example.org)" >"$work/released"
ok 'told to people too' grep -q '^....-....: the acknowledgement to bytes@example.org is released' "$work/released"
"$top_builddir/src/optout-send" --config "$work/optout.conf" --once >>"$work/send.log" 2>&1
ok 'and it is sent; the authenticated one was not kept from its own' sh -c 'test "$(grep -l "^To: dora@example.org" "$0"/mail/* | wc -l)" = 2' "$work"
is 'nothing is left' "$(optout outbox --json | wc -l | tr -d ' ')" 0
is 'outbox --all' "$(optout outbox --all --json | json '$_->{state}' | sort -u | tr '\n' ' ')" 'sent withdrawn '
optout_config 'own-hops = 1' 'answer-client-made = yes'
mail apple2@icloud.com $U '' 'Apple Mail sent this email to unsubscribe from the message “News”.' 'Auto-Submitted: auto-replied' 'X-Apple-Unsubscribe: true'
is 'answer-client-made' "$(optout outbox --json | json '$_->{to}')" apple2@icloud.com

# --- the store ---
is 'store check' "$(optout store check --json | json 'scalar @{$_->{faults}}')" 0
is 'store backup' "$(optout store backup "$work/backup" --json | json '$_->{backup}')" "$work/backup"
is 'a backup never overwrites' "$(code optout store backup "$work/backup")" 2
sed "s,^store = .*,store = $work/backup," "$work/optout.conf" >"$work/backup.conf"
ok 'the backup is a store with the same cases' sh -c '"$0" --config "$1/backup.conf" store check && "$0" --config "$1/backup.conf" queue --state all --json >"$1/one" &&
	"$0" --config "$1/optout.conf" queue --state all --json | cmp - "$1/one"' "$top_builddir/src/optout" "$work"
is 'store compact, upgrade' "$(code optout store compact) $(code optout store upgrade) $(code optout store check)" '0 0 0'
is 'the store is private' "$(ls -ld "$work/store" | cut -c1-10)" drwx------

for words in queue "show $anna" 'check anna@example.org' export outbox configtest 'store check'; do
	# shellcheck disable=SC2086
	optout $words >/dev/full 2>"$work/full"
	is "no room for the output: ${words% *}" "$? $(grep -c 'standard output could not be written' "$work/full")" '2 1'
done

# --- the wrong user ---
if [ "$(id -u)" = 0 ]; then
	mv "$work/store" "$work/ours"
	cp -R "$work/ours" "$work/store"
	chown -R nobody "$work/store"
	for words in queue 'check anna@example.org' 'store check' outbox; do
		# shellcheck disable=SC2086
		is "root is refused: ${words% *}" "$(code optout $words) $(grep -c "belongs to user nobody; run: runuser -u nobody -- .*optout --config .* $words" "$work/code.out")" '2 1'
	done
	rm -rf "$work/store"
	mv "$work/ours" "$work/store"
	# Who may not read the password needs it for nothing but sending, and is told whom to be.
	chmod 600 "$work/password"
	chmod 711 "$work"
	chmod 644 "$work/m.1"
	sed "s,^tls = .*,&\nuser = me\npassword-file = $work/password," "$work/optout.conf" >"$work/secret.conf"
	as_nobody() { code setpriv --reuid=nobody --clear-groups env OPTOUT_READER="$reader" OPTOUT_FILTERS="$policy" "$@"; }
	cp "$top_builddir/src/optout" "$top_builddir/src/optout-send" "$top_builddir/src/optout-reader" "$work/"
	cp -R "${OPTOUT_FILTERS:-$top_srcdir/filters}" "$work/policy"
	chmod -R a+rX "$work/policy" "$work/optout" "$work/optout-send" "$work/optout-reader"
	reader=$work/optout-reader policy=$work/policy
	is 'another user may classify' "$(as_nobody "$work/optout" --config "$work/secret.conf" classify --json "$work/m.1")" 0
	is 'and is told whom to be' "$(as_nobody "$work/optout" --config "$work/secret.conf" queue) $(grep -c 'run: sudo -u root -- ' "$work/code.out")" '2 1'
	is 'optout-send too' "$(as_nobody "$work/optout-send" --config "$work/secret.conf" --once) $(grep -c 'run: sudo -u root -- ' "$work/code.out")" '78 1'
else
	skip 'the wrong user' 'needs root'
fi

# --- the first day ---
rm -rf "$work/store"
optout_config 'own-hops = 1' 'mode = observe'
mail anna@example.org $U unsubscribe 'Please take me off your mailing list.'
mail access@example.org $P x 'Ich bitte um Auskunft nach Art. 15 DSGVO über alle Daten, die Sie über mich gespeichert haben.'
mail enquiry@example.org $P Question 'Where is your privacy policy published, please?'
"$top_builddir/src/optout-send" --config "$work/optout.conf" --once >>"$work/send.log" 2>&1
is 'observe: nothing suppressed, nothing queued' "$(code optout check anna@example.org) $(optout export --json | wc -l | tr -d ' ') $(optout outbox --all --json | wc -l | tr -d ' ')" '1 0 0'
is 'observe: what it would have done' "$(optout queue | sed -n 's/.*(observed\(.*\)) .*/\1;/p' | tr -d '\n')" ': would suppress and acknowledge;: would acknowledge;;'
is 'observe: delivered, even at an address that discards' "$(tail -n 3 "$work/pipe.log" | grep -c 'to=.*after=deliver')" 3
optout approve "$(ref anna@example.org)" >"$work/approved"
is 'approve acts' "$(code optout check anna@example.org) $(optout outbox --json | json '$_->{state}')" '0 due'
"$top_builddir/src/optout-send" --config "$work/optout.conf" --once >>"$work/send.log" 2>&1
ok 'but nothing is sent in mode = observe, and it is said so' sh -c 'grep -q "mode = observe" "$0/approved" && test "$(grep -l "^To: anna@" "$0"/mail/* | wc -l)" = 1' "$work"

# --- nobody is authenticated ---
rm -rf "$work/store"
optout_config 'own-hops = 1'
sed -i '/^authserv-id/d' "$work/optout.conf"
ok 'configtest says that letters are held' sh -c '"$0" --config "$1/optout.conf" configtest --json | grep -q "no authserv-id: .*held"' "$top_builddir/src/optout" "$work"
mail anna@example.org $U unsubscribe 'Please take me off your mailing list.'
is 'suppressed all the same; the letter is held, with the reason' \
	"$(code optout check anna@example.org) $(optout outbox --json | json 'join " ", @$_{qw(state reason)}')" '0 held no authserv-id is configured, so that nobody is authenticated'
finish
