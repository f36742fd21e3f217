#!/bin/sh
# Who vouches for a sender: a border with OpenDKIM before optout-milter, as contrib/postfix sets it up.
#
#   client → Postfix "outside" (OpenDKIM signs) → Postfix "border" (header_checks strip what is forged, OpenDKIM verifies; optout-milter)
#
# Signed mail is E2; mail that brings a forged Authentication-Results of our border is E0 (RFC 8601 section 5).
. "$top_srcdir/tests/story/lib.sh"
need postfix postfix
need opendkim opendkim
need openssl openssl
need_root
begin

# --- a domain that signs, its key published in a file ---
openssl genrsa -out "$work/key.pem" 2048 2>/dev/null
chmod 600 "$work/key.pem"
public=$(openssl rsa -in "$work/key.pem" -pubout 2>/dev/null | sed '/^-/d' | tr -d '\n')
printf 'k1._domainkey.sender.example v=DKIM1; k=rsa; p=%s\n' "$public" >"$work/public-keys"

opendkim_start() {   # NAME PORT LINES…
	name=$1 dkim_port=$2
	shift 2
	printf '%s\n' "Socket inet:$dkim_port@127.0.0.1" 'Background no' 'Syslog no' 'RequireSafeKeys no' "$@" >"$work/$name.conf"
	start "$name" opendkim -f -x "$work/$name.conf"
	wait_until 10 "listening $dkim_port"
}

signer=$(free_port)
opendkim_start signer "$signer" 'Mode s' 'Domain sender.example' 'Selector k1' "KeyFile $work/key.pem" 'InternalHosts 127.0.0.1'
verifier=$(free_port)
opendkim_start verifier "$verifier" 'Mode v' 'AuthservID mx.optout.example' \
	'AlwaysAddARHeader yes' 'InternalHosts 192.0.2.1' "TestPublicKeys $work/public-keys"

optout_config
ok 'optout-milter starts' start_milter
border=$(free_port)
postfix_config border "$border" "smtpd_milters = inet:127.0.0.1:$verifier, inet:127.0.0.1:$milter_port" \
	'header_checks = regexp:{{/^Authentication-Results:.*mx\.optout\.example/ IGNORE}}'
ok 'the border starts' postfix_start border
outside=$(free_port)
postfix_config outside "$outside" "smtpd_milters = inet:127.0.0.1:$signer" "default_transport = smtp:[127.0.0.1]:$border"
ok 'the outside starts' postfix_start outside

# --- mail ---
send() {   # PORT NAME EXTRA-HEADER
	{
		[ -z "$3" ] || printf '%s\n' "$3"
		printf '%s\n' 'From: Anna <anna@sender.example>' 'To: privacy@optout.example' "Message-ID: <$2@sender.example>" \
			"Subject: My data" 'Date: Tue, 24 Nov 2026 10:00:00 +0000' '' "Please delete all personal data you hold about me. ($2)"
	} >"$work/$2.eml"
	perl "$top_srcdir/tests/story/smtp.pl" 127.0.0.1 "$1" anna@sender.example privacy@optout.example "$work/$2.eml"
}
forged='Authentication-Results: mx.optout.example; dmarc=pass header.from=sender.example; dkim=pass header.d=sender.example'
folded='authentication-results: (trust me)
	mx.optout.example; dmarc=pass header.from=sender.example'
several="$forged
$folded
$forged"
ok 'signed mail is taken' send "$outside" signed ''
ok 'plain mail is taken' send "$border" plain ''
ok 'forged mail is taken' send "$border" forged "$forged"
ok 'mail with several forgeries is taken' send "$border" several "$several"
ok 'mail that is signed and forged is taken' send "$outside" both "$forged"

cases() { optout queue --state all --json; }
level() { cases | sed -n "/\"message_id\":\"$1@sender.example\"/s/.*\"authentication\":\"\(E[0-9]\)\".*/\1/p"; }
ok 'all five are recorded' wait_until 20 '[ "$(cases | wc -l)" -eq 5 ]'
is 'signed: the domain vouches' "$(level signed)" E2
is 'plain: nobody vouches' "$(level plain)" E0
is 'forged: the border stripped it' "$(level forged)" E0
is 'several forgeries: all of them are gone' "$(level several)" E0
is 'signed and forged: the border vouches, not the forgery' "$(level both)" E2

# --- which headers we see ---
ref=$(cases | sed -n '/signed@sender/s/.*"ref":"\([^"]*\)".*/\1/p')
optout show --raw "$ref" >"$work/raw"
is 'the result stands above the first Received' "$(sed -n '/^Authentication-Results:/{=;q;}' "$work/raw" | head -n 1)" 1
ok 'it is the border'"'"'s' grep -q '^Authentication-Results: mx.optout.example' "$work/raw"
finish
