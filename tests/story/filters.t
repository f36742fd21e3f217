#!/bin/sh
# filters.t - `optout filters compile`: the image, what configtest says of it, and that nobody takes an old one for a changed text.
. "$top_srcdir/tests/story/lib.sh"
begin
[ -x "$top_builddir/src/optout-reader" ] || skip_all 'optout-reader is not built'
unset PAGER
cp -R "${OPTOUT_FILTERS:-$top_srcdir/filters}/." "$work/filters" && chmod -R u+w "$work/filters"
mkdir "$work/ours"
printf '%s\n' 'language en' '[marketing-opt-out]' 'strong no more zebras please' >"$work/ours/en.filter"
optout_config "filters = $work/filters, $work/ours"
image=$work/ours/filters.image
said() { optout configtest | grep -q "$image: $1"; }
unsaid() { optout configtest >"$work/advice" && ! grep image "$work/advice"; }

cat >"$work/mail.eml" <<'EOT'
From: Ann <ann@example.org>
To: privacy@optout.example
Message-ID: <1@example.org>
Subject: hello

No more zebras please.
EOT
line() { optout classify --role privacy --json "$work/mail.eml" | grep -c "\"line\":$1[,}]"; }

ok 'no image is no fault' optout configtest
ok 'only advice' said missing
is 'the texts judge' "$(line 3)" 1
ok 'filters compile' optout filters compile
ok 'writes it into the last directory' test -s "$image"
is 'and nowhere else' "$(ls "$work/filters" "$work/ours" | grep -c image)" 1
ok 'then there is nothing to advise' unsaid
is 'the image judges the same' "$(line 3)" 1
is 'for programs' "$(optout filters compile --json | grep -c "{\"image\":\"$image\",\"lines\":[0-9]*,\"languages\":3}")" 1

start_milter
printf '%s\n' 'language en' '' '[marketing-opt-out]' 'strong no more zebras please' >"$work/ours/en.filter"
ok 'a changed text is advice' said stale
is 'and counts at once' "$(line 4)" 1
printf '%s\n' 'language en' '[marketing]' >"$work/ours/en.filter"
kill -HUP "$(cat "$work/milter.pid")"
ok 'SIGHUP: the text is read, not its old image' wait_until 10 'grep -q "ours/en.filter:2:" "$work/milter.log"'
optout filters compile 2>"$work/compile.err"
is 'what is wrong is not compiled' $? 2
ok 'and told with file and line' grep -q 'ours/en.filter:2: unknown section' "$work/compile.err"
optout filters lint 2>/dev/null
is 'unknown words are refused' $? 2

printf '%s\n' 'language en' '[marketing-opt-out]' 'strong no more zebras please' >"$work/ours/en.filter"
ok 'the text as it was: the image is good again' unsaid
printf 'x' >>"$image"
ok 'damaged: advice' said damaged
is 'and the texts judge' "$(line 3)" 1
ok 'directories by name' optout filters compile "$work/filters"
ok 'need no configuration' test -s "$work/filters/filters.image"
finish
