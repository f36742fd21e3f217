#!/bin/sh
# optout-milter behind a real Sendmail, which is fetched and unpacked beside, never installed: Debian's mail servers exclude each other.
#
#   client → Sendmail → optout-milter
#                     → smtp-sink, for what is delivered
. "$top_srcdir/tests/story/lib.sh"
need m4 m4
need smtp-sink postfix
need dpkg-deb dpkg
need apt-get apt
need_root
begin

# --- Sendmail, unpacked ---
mkdir "$work/debs" "$work/root"
cd "$work/debs" || exit 1
timeout 120 apt-get -q download sendmail-bin sendmail-cf >"$work/apt.log" 2>&1 || skip_all 'the packages sendmail-bin and sendmail-cf are not to be had'
for deb in *.deb; do
	dpkg-deb -x "$deb" "$work/root"
done
sendmail=$work/root/usr/libexec/sendmail/sendmail
cd "$top_builddir" || exit 1
ldd "$sendmail" | grep -q 'not found' && skip_all 'libraries that Sendmail needs are not installed'

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

milter_port=$(free_port)
optout_config
ok 'optout-milter starts' start_milter

mx=$(free_port)
mkdir -m 700 "$work/queue"
: >"$work/aliases"
cat >"$work/sendmail.mc" <<END
divert(0)dnl
VERSIONID(\`story')
OSTYPE(\`linux')dnl
define(\`confDOMAIN_NAME', \`mx.optout.example')dnl
define(\`QUEUE_DIR', \`$work/queue')dnl
define(\`ALIAS_FILE', \`$work/aliases')dnl
define(\`STATUS_FILE', \`$work/statistics')dnl
define(\`HELP_FILE', \`$work/help')dnl
define(\`confPID_FILE', \`$work/sendmail.pid')dnl
define(\`confCONTROL_SOCKET_NAME', \`')dnl
define(\`confCW_FILE', \`-o $work/none')dnl
define(\`confHOSTS_FILE', \`/dev/null')dnl
define(\`confTO_IDENT', \`0')dnl
define(\`confBIND_OPTS', \`-DNSRCH -DEFNAMES')dnl
define(\`confDONT_BLAME_SENDMAIL', \`GroupWritableDirPathSafe,GroupWritableAliasFile')dnl
define(\`confSERVICE_SWITCH_FILE', \`$work/switch')dnl
define(\`confDIRECT_SUBMISSION_MODIFIERS', \`')dnl
define(\`SMTP_MAILER_ARGS', \`TCP \$h $sink_port')dnl
define(\`RELAY_MAILER_ARGS', \`TCP \$h $sink_port')dnl
define(\`SMART_HOST', \`smtp:[127.0.0.1]')dnl
FEATURE(\`nocanonify')dnl
FEATURE(\`accept_unresolvable_domains')dnl
FEATURE(\`accept_unqualified_senders')dnl
FEATURE(\`promiscuous_relay')dnl
FEATURE(\`no_default_msa')dnl
DAEMON_OPTIONS(\`Name=story, Addr=127.0.0.1, Port=$mx')dnl
INPUT_MAIL_FILTER(\`optout', \`S=inet:$milter_port@127.0.0.1, F=T, T=C:30s;S:30s;R:30s;E:2m')dnl
MAILER(\`smtp')dnl
END
printf 'hosts files\naliases files\n' >"$work/switch"
m4 -D_CF_DIR_="$work/root/usr/share/sendmail/cf/" "$work/root/usr/share/sendmail/cf/m4/cf.m4" "$work/sendmail.mc" >"$work/sendmail.cf" 2>"$work/m4.log"
# Sendmail sleeps a minute when nobody can tell it its full name; in a name space of its own the host has one.
named() {
	if unshare -u hostname mx.optout.example 2>/dev/null; then
		exec unshare -u sh -c 'hostname mx.optout.example && exec "$@"' sh "$@"
	fi
	exec "$@"
}
start sendmail named "$sendmail" -C "$work/sendmail.cf" -bD -X "$work/transcript" -q1s
ok 'Sendmail starts' wait_until 90 'listening "$mx"'


letter others 'Hello' 'Please unsubscribe me'
ok 'mail for others passes' send others bob@example.net
ok '… to them' delivered others@sender.example
is '… and is no case' "$(case_of others)" ''

letter stop 'Unsubscribe' 'Please unsubscribe me from your newsletter.'
ok 'an opt-out is taken' send stop unsubscribe@optout.example
is '… completed' "$(case_of stop | field state)" completed
ok '… known by its queue id' grep -q 'event=recorded queue_id=[0-9A-Za-z]\{10,\} from=s…@sender.example' "$work/milter.log"

letter erase 'My data' 'Please delete all personal data that you hold about me.' 'Optout-Case: FORG-ED00' 'X-Other: kept' 'Optout-Case: FORG-ED01'
ok 'a letter is taken' send erase privacy@optout.example
ok '… and delivered' delivered erase@sender.example
cat $(grep -l erase@sender.example "$work"/sink/*) >"$work/erase.out"
is '… with its case' "$(sed -n 's/^Optout-Case: \(.*[A-Z0-9]\).*/\1/p' "$work/erase.out")" "$(case_of erase | field ref)"
is '… once each' "$(grep -ci '^optout-' "$work/erase.out")" 2
ok '… and all else' grep -q '^X-Other: kept' "$work/erase.out"

letter mixed 'Unsubscribe' 'Please unsubscribe me from your newsletter.'
ok 'mail to us and others is taken' send mixed 'bob@example.net,Unsubscribe@optout.example'
ok '… delivered' delivered mixed@sender.example
is '… to the others alone' "$(cat $(grep -l mixed@sender.example "$work"/sink/*) | sed -n 's/^X-Rcpt-Args: <\([^>]*\)>.*/\1/p' | tr '\n' ' ')" 'bob@example.net '
is '… and recorded' "$(case_of mixed | wc -l | tr -d ' ')" 1

letter twice 'Unsubscribe' 'Please unsubscribe me from your newsletter.'
: >"$work/go"
ok 'two messages over one connection are taken' perl "$top_srcdir/tests/story/hold.pl" 127.0.0.1 "$mx" twice@sender.example \
	unsubscribe@optout.example "$work/twice.eml" between "$work/waiting" "$work/go"
is '… both recorded' "$(optout queue --state all --json | grep -c '[12].twice@sender.example')" 2

stop milter
is 'SIGTERM ends it' "$stop_code" 0
letter after 'Unsubscribe' 'Please unsubscribe me from your newsletter.'
send after unsubscribe@optout.example >/dev/null
is 'while it is down mail is put off (F=T)' "$?" 75
ok 'it starts again' start_milter
ok '… and mail is taken' send after unsubscribe@optout.example
ok 'nothing was said against the protocol' sh -c '! grep -q "event=protocol-violation\|event=degraded" "$1"' sh "$work/milter.log"
finish
