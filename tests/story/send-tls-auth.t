#!/bin/sh
# send-tls-auth.t - optout-send with STARTTLS, smtps and AUTH against a real Postfix, whose SASL is Dovecot's and whose certificate is from a CA of
# our own: what is required is held to, and a relay that won't have us loses no letter.
. "${top_srcdir:=.}/tests/story/lib.sh"
begin
need_root
need postfix postfix
need smtp-sink postfix
need openssl openssl
need dovecot dovecot-core

send=$top_builddir/src/optout-send
letters=$top_builddir/tests/queue-letters
relay_port=$(free_port) plain_port=$(free_port) smtps_port=$(free_port) elsewhere_port=$(free_port) may_port=$(free_port) sink_port=$(free_port)

# --- certificates: two CAs, a certificate for this host and one for another ---
certificates() {
	cd "$work" || return 1
	for ca in ca other-ca; do
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout $ca.key -out $ca.pem -days 2 -subj "/CN=$ca" || return 1
	done
	for host in IP:127.0.0.1 DNS:elsewhere.example; do
		name=${host#*:}
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$name.key" -out "$name.csr" -subj "/CN=$name" || return 1
		echo "subjectAltName = $host" >"$name.ext"
		openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile "$name.ext" -out "$name.pem" || return 1
	done
}
(certificates) >"$work/openssl.log" 2>&1 || { sed 's/^/# /' "$work/openssl.log"; skip_all 'openssl makes no certificates here'; }

# --- Dovecot, for SASL alone ---
mkdir "$work/dovecot"
printf 'optout:{PLAIN}s3cret word\n' >"$work/dovecot/users"
chmod 644 "$work/dovecot/users"
cat >"$work/dovecot/dovecot.conf" <<EOT
base_dir = $work/dovecot/run
state_dir = $work/dovecot/state
log_path = $work/dovecot.auth.log
protocols =
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
passdb {
  driver = passwd-file
  args = $work/dovecot/users
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}
service auth {
  unix_listener $work/dovecot/auth {
    mode = 0666
  }
}
EOT
start dovecot dovecot -F -c "$work/dovecot/dovecot.conf"
wait_until 20 '[ -S "$work/dovecot/auth" ]' || skip_all 'dovecot does not start here'

# --- a Postfix that relays, for those who log in over TLS, to a sink that keeps the mail ---
mkdir "$work/mail" && chown postfix "$work/mail"
start sink smtp-sink -u postfix -d "$work/mail/%M." "127.0.0.1:$sink_port" 100
postfix_config relay "$relay_port" \
	"default_transport = smtp:[127.0.0.1]:$sink_port" \
	'smtp_tls_security_level = none' \
	'smtpd_tls_security_level = encrypt' \
	'smtpd_tls_auth_only = yes' \
	"smtpd_tls_chain_files = $work/127.0.0.1.key, $work/127.0.0.1.pem" \
	'smtpd_tls_received_header = yes' \
	'smtpd_sasl_auth_enable = yes' \
	'smtpd_sasl_type = dovecot' \
	"smtpd_sasl_path = $work/dovecot/auth" \
	'smtpd_sasl_authenticated_header = yes' \
	'smtpd_relay_restrictions = permit_sasl_authenticated, reject'
cat >>"$work/relay/master.cf" <<EOT
127.0.0.1:$plain_port inet n - n - 10 smtpd
  -o smtpd_tls_security_level=none
  -o smtpd_sasl_auth_enable=no
  -o smtpd_relay_restrictions=permit_mynetworks,reject
127.0.0.1:$smtps_port inet n - n - 10 smtpd
  -o smtpd_tls_wrappermode=yes
127.0.0.1:$elsewhere_port inet n - n - 10 smtpd
  -o smtpd_tls_chain_files=$work/elsewhere.example.key,$work/elsewhere.example.pem
127.0.0.1:$may_port inet n - n - 10 smtpd
  -o smtpd_tls_chain_files=$work/elsewhere.example.key,$work/elsewhere.example.pem
  -o smtpd_tls_security_level=may
  -o smtpd_relay_restrictions=permit_mynetworks,reject
EOT
postfix_start relay || skip_all 'postfix does not start here'

printf 's3cret word\n' >"$work/password"
printf 'wrong\n' >"$work/wrong-password"
chmod 600 "$work/password" "$work/wrong-password"

# try URL TLS [LINE…]: one letter by these settings of [smtp]; its fate is $fate, the first header of the mail as it arrived $received
try() {
	url=$1 relay_tls=$2
	shift 2
	rm -rf "$work/store" "$work"/mail/*
	optout_config
	sed -i "s|^url = .*|url = $url|" "$work/optout.conf"
	for line; do
		sed -i "s|^tls = .*|&\\n$line|" "$work/optout.conf"
	done
	"$letters" "$work/store" 1
	"$send" --config "$work/optout.conf" --once 2>"$work/send.log"
	fate=$("$letters" "$work/store" list | awk '{ print $1, $2 }')
	why=$("$letters" "$work/store" list | cut -d' ' -f5-)
	received=
	if [ "$fate" = 'sent 1' ]; then
		wait_until 20 'ls "$work"/mail/* >/dev/null 2>&1 && grep -q "^Message-ID" "$work"/mail/*'
		received=$(cat "$work"/mail/* | tr -d '\r' | sed -n '/with ESMTP.*id/,/^[^ \t]/p;/Authenticated sender/p;/with ESMTP/p' | tr -s '\t\n ' ' ')
	fi
}
has() { # WHAT TEXT PATTERN
	case $2 in
	*"$3"*)	ok "$1" true ;;
	*)	is "$1" "$2" "*$3*" ;;
	esac
}

mine="ca-file = $work/ca.pem" login='user = optout' password="password-file = $work/password"

try "smtp://127.0.0.1:$relay_port" required "$mine" "$login" "$password"
is 'STARTTLS and AUTH: sent' "$fate" 'sent 1'
has '… over TLS, authenticated' "$received" 'with ESMTPSA'
has '… as the user' "$received" 'Authenticated sender: optout'

try "smtps://127.0.0.1:$smtps_port" required "$mine" "$login" "$password"
is 'smtps: sent' "$fate" 'sent 1'
has '… over TLS, authenticated' "$received" 'with ESMTPSA'

try "smtp://127.0.0.1:$relay_port" required "ca-file = $work/other-ca.pem" "$login" "$password"
is 'a CA that we do not trust: the letter waits' "$fate" 'due 0'
has '… and says so' "$why" 'certificate'

try "smtp://127.0.0.1:$relay_port" required "$login" "$password"
is 'a CA that the system does not know: the letter waits' "$fate" 'due 0'

try "smtp://127.0.0.1:$relay_port" required "$mine" "$login" "password-file = $work/wrong-password"
is 'a wrong password: the letter waits' "$fate" 'due 0'
has '… and says so' "$why" '535'

try "smtp://127.0.0.1:$relay_port" none
is 'a relay that wants TLS and gets none: the letter waits' "$fate" 'due 0'
has '… and says so' "$why" '530'

try "smtp://127.0.0.1:$plain_port" required "$mine"
is 'TLS is required and not offered: the letter waits' "$fate" 'due 0'
has '… and says so' "$why" 'STARTTLS'

try "smtp://127.0.0.1:$plain_port" if-offered
is 'TLS if offered, and it is not: sent' "$fate" 'sent 1'
has '… in the clear' "$received" 'with ESMTP id'

try "smtp://127.0.0.1:$relay_port" required "$mine"
is 'no login where one is needed: refused for good' "$fate" 'failed 0'

# A certificate for another host.
try "smtp://127.0.0.1:$elsewhere_port" required "$mine" "$login" "$password"
is 'a certificate for another host: the letter waits' "$fate" 'due 0'
try "smtp://127.0.0.1:$elsewhere_port" if-offered "$mine" "$login" "$password"
is '… also where TLS is optional but a password is at stake' "$fate" 'due 0'
try "smtp://127.0.0.1:$may_port" if-offered
is 'TLS if offered, nothing at stake: any certificate will do' "$fate" 'sent 1'
has '… encrypted all the same' "$received" 'with ESMTPS'
finish
