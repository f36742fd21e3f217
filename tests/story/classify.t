#!/bin/sh
# classify.t - `optout classify`: its JSON, its order, thousands of files in one call, its exit status, and mail made to break readers.
. "$top_srcdir/tests/story/lib.sh"
begin
[ -x "$top_builddir/src/optout-reader" ] || skip_all 'optout-reader is not built'
unset PAGER
cd "$work" || exit 99
optout() { "$OPTOUT" "$@"; }
case $top_builddir in /*) OPTOUT=$top_builddir/src/optout ;; *) OPTOUT=$OLDPWD/$top_builddir/src/optout ;; esac

cat >opt-out.eml <<'EOT'
From: Ann <ann@example.org>
To: unsubscribe@shop.example
Date: Mon, 02 Nov 2026 10:00:00 +0000
Message-ID: <1@example.org>
Subject: unsubscribe

Please take me off your mailing list.
EOT
cat >german.eml <<'EOT'
From: Bernd <bernd@example.de>
To: datenschutz@shop.example
Message-ID: <2@example.de>
Subject: Datenauskunft
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Sehr geehrte Damen und Herren,
ich bitte um Auskunft nach Art. 15 DSGVO über alle Daten, die Sie über mich gespeichert haben.
EOT
: >empty.eml
printf 'From x@y.example Mon Nov  2 10:00:00 2026\nFrom: a@example.org\nSubject: unsubscribe\n\nunsubscribe\n\nFrom MAILER-DAEMON Mon Nov  2 10:01:00 2026\nFrom: b@example.org\nSubject: b\n\nhello\n' >two.mbox

# --- one message, exact keys in their order ---
optout classify --json opt-out.eml >one.json
is 'keys, in order' "$(grep -o '^{\|"[a-z_]*":' one.json | tr -d '\n')" \
	'{"file":"kind":"requests":"type":"confidence":"evidence":'"$(grep -o '"filter":"[^}]*}' one.json | sed 's/.*/"filter":"line":"text":"where":/' | tr -d '\n')"'"language":"law":"review":"review_reason":"subject_address":"agent":"authentication":"answer":"answer_reason":'
ok 'what it asks' grep -q '"kind":"request","requests":\[{"type":"marketing-opt-out","confidence":[01]\.' one.json
ok 'for whom' grep -q '"language":"en","law":"[a-z-]*","review":false,"review_reason":null,"subject_address":"ann@example.org","agent":false,"authentication":"E0"' one.json
ok 'no answer without authentication' grep -q '"answer":false,"answer_reason":".' one.json
ok 'standard input' sh -c '"$0" classify --json - <opt-out.eml | sed "s/\"file\":\"-\"/\"file\":\"opt-out.eml\"/" | cmp - one.json' "$OPTOUT"

# --- order, empty files, mbox, directories ---
mkdir -p dir/sub
cp opt-out.eml dir/b.eml
cp german.eml dir/a.eml
cp opt-out.eml dir/sub/c.eml
optout classify --json empty.eml dir two.mbox german.eml >many.json
is 'exit status of many' $? 0
is 'in the order of the files' "$(sed 's/^{"file":"\([^"]*\)".*/\1/' many.json | tr '\n' ' ')" \
	'empty.eml dir/a.eml dir/b.eml dir/sub/c.eml two.mbox:1 two.mbox:2 german.eml '
ok 'German, access' sh -c 'grep "\"file\":\"dir/a.eml\"" many.json | grep "\"type\":\"access\"" | grep -q "\"language\":\"de\""'

# --- options ---
is 'a role that is none' "$(optout classify --role x opt-out.eml 2>/dev/null; echo $?)" 2
is 'no file' "$(optout classify 2>/dev/null; echo $?)" 2
optout classify --json nowhere.eml opt-out.eml nowhere2.eml >part.json 2>part.err
is 'a missing file' $? 2
ok 'the others are printed all the same' cmp part.json one.json
is 'each missing file is told' "$(grep -c 'nowhere2*\.eml' part.err)" 2
printf 'From: a@example.org\nTo: info@shop.example\nSubject: \n\n' >bare.eml
ok 'an empty mail to an opt-out address is an opt-out' \
	sh -c '"$0" classify --json --role opt-out --to leave@shop.example bare.eml | grep -q "\"type\":\"marketing-opt-out\""' "$OPTOUT"
ok 'and none to a general one' sh -c '! "$0" classify --json bare.eml | grep -q "\"type\":\"marketing-opt-out\""' "$OPTOUT"
{
	printf 'Authentication-Results: mx.shop.example; dmarc=pass header.from=example.org\n'
	cat opt-out.eml
} >proved.eml
ok 'authentication counts by its authserv-id' sh -c '"$0" classify --json --authserv-id mx.shop.example proved.eml | grep -q "\"authentication\":\"E2\",\"answer\":true"' "$OPTOUT"
ok 'the null sender is not answered' sh -c '"$0" classify --json --from "" --authserv-id mx.shop.example proved.eml | grep -q "\"answer\":false"' "$OPTOUT"
ok 'and by no other' sh -c '"$0" classify --json --authserv-id mx.other.example proved.eml | grep -q "\"authentication\":\"E0\""' "$OPTOUT"
printf '[optout]\nstore = /nowhere\n[controller c]\ncountry = US\n[address ann@shop.example]\ncontroller = c\nrole = opt-out\nafter = discard\n' >optout.conf
ok 'a configured address has its role' \
	sh -c '"$0" --config optout.conf classify --json --to ann@shop.example bare.eml | grep -q "\"type\":\"marketing-opt-out\""' "$OPTOUT"
printf 'From: a@example.org\nTo: bob@x.example, Ann <ann+news@shop.example>\nSubject: \n\n' >to.eml
printf 'From: a@example.org\nTo: bob@x.example\nX-Original-To: ann@shop.example\nSubject: \n\n' >original-to.eml
printf 'From: a@example.org\nTo: unsubscribe@shop.example\nSubject: \n\n' >privacy.eml
printf '[address unsubscribe@shop.example]\ncontroller = c\nrole = privacy\n' >>optout.conf
is 'without --to, the configured address among To, X-Original-To … has its role; the usual local part comes second' \
	"$(optout --config optout.conf classify --json to.eml original-to.eml privacy.eml bare.eml | sed 's/.*"requests":\[\({"type":"\([a-z-]*\)"\)*.*"law":"\([a-z-]*\)".*/\2 \3/' | tr '\n' ';')" \
	'marketing-opt-out can-spam;marketing-opt-out can-spam; can-spam; house;'
is 'a configuration that is not there' "$(optout --config nowhere.conf classify opt-out.eml 2>/dev/null; echo $?)" 2

# --- terminals ---
printf 'From: a@example.org\nTo: privacy@shop.example\nSubject: =?utf-8?q?unsubscribe_me_=1B=5B2J=E2=80=AE?=\n\nx\n' >escape.eml
ok 'nothing of a mail reaches a terminal raw' sh -c '! "$0" classify escape.eml | LC_ALL=C grep -q "$(printf "\033\|\342\200\256")"' "$OPTOUT"
ok 'nor a JSON reader'"'"'s' sh -c '! "$0" classify --json escape.eml | LC_ALL=C grep -q "$(printf "\033\|\342\200\256")"' "$OPTOUT"

# --- many ---
mkdir copies
i=0
while [ $i -lt 3000 ]; do
	echo "copies/$(printf %04d $i).eml"
	i=$((i + 1))
done >list
perl -ne 'BEGIN { open F, "<", "opt-out.eml"; local $/; $m = <F> } chomp; open O, ">", $_; print O $m' list
optout classify --json copies >copies.json
is 'thousands: exit status' $? 0
is 'thousands: each, in order' "$(sed 's/^{"file":"\([^"]*\)".*/\1/' copies.json | cmp - list && echo same)" same
is 'thousands: the same verdict' "$(sed 's/^{"file":"[^"]*"//' copies.json | sort -u | wc -l | tr -d ' ')" 1
optout classify --summary --json copies two.mbox >summary.json
ok 'summary' grep -q '^{"messages":3002,"unreadable_files":0,"first":"2026-11-02","last":"2026-11-02","kinds":{"request":300[12],' summary.json

# --- a reader that dies: by a program of ours in its place ---
cat >faulty <<'EOT'
#!/usr/bin/perl
# greets, then dies of each message whose text says so
binmode STDIN;
open my $s, '+<&=', 0 or die;
sub say_it { my $m = shift; syswrite $s, pack('N', length $m) . $m }
sub take { my ($n, $b) = (shift, ''); while (length $b < $n) { sysread($s, $b, $n - length $b, length $b) or exit 0 } $b }
say_it('{"ready":true}');
while (1) {
	my ($r, $m) = unpack 'NN', take(8);
	take($r);
	my $t = take($m);
	kill 'SEGV', $$ if $t =~ /die/;
	say_it($t =~ /lie/ ? '[' x 100000 : '{"kind":"enquiry","kind_evidence":[],"requests":[],"review":false,"urgent":false,"client_made":false,"agent":false,' .
		'"facts":{"from_count":0,"date":0,"authentication":"E0","has_list_field":false,"has_loop_field":false,"is_flagged_spam":false,' .
		'"is_apple_unsubscribe":false,"is_html_only":false,"is_encrypted":false,"is_forward":false,"has_quote":false,"is_truncated":false}}');
}
EOT
chmod +x faulty
printf 'fine\n' >1.eml
printf 'die\n' >2.eml
printf 'lie\n' >3.eml
OPTOUT_READER=$work/faulty optout classify --json 1.eml 2.eml 3.eml 1.eml >faulty.json 2>faulty.err
is 'deadly mail: exit status' $? 0
is 'deadly mail: a line each' "$(sed 's/^{"file":"\([^"]*\)","kind":"\([^"]*\)".*"review":\([a-z]*\).*/\1 \2 \3/' faulty.json | tr '\n' ';')" \
	'1.eml enquiry false;2.eml enquiry true;3.eml enquiry true;1.eml enquiry false;'
ok 'deadly mail: the reason' grep -q '"file":"2.eml".*"review_reason":"[^"]*signal 11' faulty.json
is 'no reader at all' "$(OPTOUT_READER=$work/none optout classify 1.eml 2>/dev/null; echo $?)" 2
mkdir broken
cp "${OPTOUT_FILTERS:-$top_srcdir/filters}/laws" broken/
printf 'language und\n[erasure\n' >broken/common.filter
OPTOUT_FILTERS=$work/broken optout classify 1.eml 2>broken.err
is 'broken filters: exit status' $? 2
ok 'broken filters: file and line' grep -q 'broken/common.filter:2' broken.err

# --- mail made to break parsers, through the real readers: each gets a verdict, and no reader dies of any ---
mkdir hazards
perl -e '
	sub mail { my ($name, $text) = @_; open my $f, ">", "hazards/$name.eml"; print $f "From: a\@example.org\nTo: privacy\@shop.example\n$text" }
	mail("groups", "Cc: " . "g:" x 50000 . "\nSubject: unsubscribe\n\nunsubscribe\n");
	mail("parameter", "Subject: x\nContent-Type: text/plain; " . "p" x 71 . "=\"\xe9\"\n\nunsubscribe\n");
	mail("parts", "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n" . "--b\n\n" x 400000 . "--b--\n");
	mail("deep", "Subject: x\n" . join("", map "Content-Type: multipart/mixed; boundary=b$_\n\n--b$_\n", 1 .. 5000) . "\nunsubscribe\n");
	mail("html", "Subject: x\nContent-Type: text/html\n\n" . "<div>" x 200000 . "unsubscribe\n");
	mail("attributes", "Subject: x\nContent-Type: text/html\n\n<a " . join(" ", map "a$_=1", 1 .. 50000) . ">unsubscribe\n");
	mail("quotes", "Subject: x\n\n" . ">" x 1000000 . "\n" . "> x\n" x 100000);
	mail("words", "Subject: " . "=?utf-8?q?unsub?= " x 20000 . "\n\nx\n");
	mail("header", "Subject: " . "x" x 5000000 . "\n\nx\n");
	mail("fields", join("", map "X-$_: y\n", 1 .. 100000) . "Subject: x\n\nx\n");
	mail("empty-rfc822", "Subject: x\nContent-Type: message/rfc822\n\n");
	mail("base64", "Subject: x\nContent-Transfer-Encoding: base64\n\n" . "dW5zdWI=\n" x 200000);
	mail("line", "Subject: x\n\n" . "unsubscribe " x 800000);
	mail("charset", "Subject: x\nContent-Type: text/plain; charset=x-nowhere\n\nunsubscribe\n");
	mail("injection", "Reply-To: <\"a\r\n RCPT TO:<evil\@x>\"\@c>\nSubject: unsubscribe\n\nunsubscribe\n");
'
optout classify --json hazards >hazards.json 2>hazards.err
is 'hazards: exit status' $? 0
is 'hazards: a line each' "$(wc -l <hazards.json | tr -d ' ')" "$(ls hazards | wc -l | tr -d ' ')"
is 'hazards: no reader died' "$(cat hazards.err)" ''

# --- mail that others wrote to break things ---
corpus=$(cd "$OLDPWD" && cd "$top_srcdir/../shared/corpus/raw" 2>/dev/null && pwd)
if [ -n "$corpus" ]; then
	optout classify --json "$corpus" >corpus.json 2>corpus.err
	is 'raw corpus: exit status' $? 0
	is 'raw corpus: at least a line a file' "$(test "$(wc -l <corpus.json)" -ge "$(find "$corpus" -type f ! -name '.*' | wc -l)" && echo yes)" yes
	is 'raw corpus: no reader died' "$(cat corpus.err)" ''
else
	skip 'raw corpus' 'no ../shared/corpus'
fi
finish
