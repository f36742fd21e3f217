# lib.sh - what every story needs: a directory of its own, servers that end with it, TAP.  POSIX sh; sourced.
#
#   . "$top_srcdir/tests/story/lib.sh"
#   begin                              # $work, removed at the end with all that was started
#   need smtp-sink postfix             # or skip the story, naming the Debian package
#   start sink smtp-sink -c 127.0.0.1:$port 100       # in the background, output in $work/sink.log
#   wait_until 10 'listening $port'    # polls a condition, with a deadline
#   ok 'it listens' listening "$port"  # one test: passes when the command succeeds
#   finish                             # prints the plan
#
# Servers listen on the loopback alone, on ports that were free, and are ended by their pids, never by name.

set -u
: "${top_srcdir:=.}" "${top_builddir:=.}"
count=0
pids=
server_pid=

begin() {
	work=$(mktemp -d "${TMPDIR:-/tmp}/optout-story.XXXXXX") || exit 99
	chmod 755 "$work"
	trap 'stop_all; rm -rf "$work"' EXIT
	trap 'exit 99' HUP INT TERM
}

skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

# need COMMAND PACKAGE
need() {
	PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null 2>&1 || skip_all "$1 is not installed (Debian: $2)"
}

need_root() {
	[ "$(id -u)" = 0 ] || skip_all 'needs root'
}
PATH=$PATH:/usr/sbin:/sbin

# --- TAP ---

# ok WHAT COMMAND…
ok() {
	count=$((count + 1)) what=$1
	shift
	if eval_quietly "$@"; then
		echo "ok $count - $what"
	else
		echo "not ok $count - $what"
		echo "# failed: $*"
		sed 's/^/# /' "$work/ok.out" | head -n 20
	fi
}

eval_quietly() {
	"$@" >"$work/ok.out" 2>&1
}

# is WHAT GOT EXPECTED
is() {
	count=$((count + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		printf 'got: %s\nexpected: %s\n' "$2" "$3" | sed 's/^/# /'
	fi
}

# skip WHAT WHY
skip() {
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

note() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

finish() {
	echo "1..$count"
}

# --- processes ---

# start NAME COMMAND…: its pid is $server_pid and in $work/NAME.pid, its output in $work/NAME.log
start() {
	name=$1
	shift
	"$@" >>"$work/$name.log" 2>&1 &
	server_pid=$!
	pids="$pids $server_pid"
	echo "$server_pid" >"$work/$name.pid"
}

# stop NAME [SIGNAL]: and wait until it is gone
stop() {
	[ -f "$work/$1.pid" ] || return 0
	kill -"${2:-TERM}" "$(cat "$work/$1.pid")" 2>/dev/null
	wait "$(cat "$work/$1.pid")" 2>/dev/null
	stop_code=$?
	rm -f "$work/$1.pid"
	return 0
}

stop_all() {
	for postfix in "$work"/*/main.cf; do
		[ -f "$postfix" ] && postfix_stop "$(basename "$(dirname "$postfix")")"
	done
	for pid in $pids; do
		kill "$pid" 2>/dev/null
	done
	for pid in $pids; do
		wait "$pid" 2>/dev/null
	done
}

# wait_until SECONDS CONDITION: the condition is evaluated by the shell until it holds
wait_until() {
	deadline=$(($(date +%s) + $1))
	until eval "$2"; do
		[ "$(date +%s)" -lt "$deadline" ] || return 1
		perl -e 'select undef, undef, undef, 0.03'
	done
}

free_port() {
	perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport'
}

listening() {
	perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0], Timeout => 2)' "$1"
}

# --- optout ---

# optout_config [LINES…]: $work/optout.conf with a store in $work/store, opt-out at unsubscribe@ and privacy@optout.example;
# each further argument is a line of [optout]
optout_config() {
	milter_port=${milter_port:-$(free_port)}
	{
		printf '%s\n' '[optout]' "store = $work/store" "milter-socket = inet:$milter_port@127.0.0.1" \
			'authserv-id = mx.optout.example' 'map-size = 1G' 'timezone = UTC' \
			'answers-per-domain = 1000000' 'answers-in-all = 1000000' 'opt-outs-per-source = 0' "$@"
		printf '%s\n' '[smtp]' "url = smtp://127.0.0.1:${relay_port:-25}" "tls = ${relay_tls:-none}" 'from = Privacy Team <privacy@optout.example>'
		printf '%s\n' '[controller shop]' 'name = The Shop' 'postal-address = 1 Main Street, Springfield' 'contact = privacy@optout.example' \
			'country = DE' 'languages = en, de'
		printf '%s\n' '[address unsubscribe@optout.example]' 'controller = shop' 'role = opt-out' "after = ${after_opt_out:-discard}"
		printf '%s\n' '[address privacy@optout.example]' 'controller = shop' 'role = privacy' "after = ${after_privacy:-deliver}"
	} >"$work/optout.conf"
}

optout() {
	"$top_builddir/src/optout" --config "$work/optout.conf" "$@"
}

start_milter() {
	start milter "$top_builddir/src/optout-milter" --config "$work/optout.conf"
	wait_until 10 'listening "$milter_port"'
}

# letter NAME SUBJECT TEXT [HEADER…]: $work/NAME.eml, from NAME@sender.example to privacy@
letter() {
	name=$1 subject=$2 text=$3
	shift 3
	{
		[ $# = 0 ] || printf '%s\n' "$@"
		printf '%s\n' "From: $name <$name@sender.example>" "To: privacy@optout.example" "Message-ID: <$name@sender.example>" \
			"Subject: $subject" 'Date: Tue, 24 Nov 2026 10:00:00 +0000' '' "$text" "" "$name"
	} >"$work/$name.eml"
}
# send NAME RECIPIENT: that letter, by SMTP to port $mx
send() { perl "$top_srcdir/tests/story/smtp.pl" 127.0.0.1 "$mx" "$1@sender.example" "$2" "$work/$1.eml"; }
# case_of NAME: its line of `optout queue`; field NAME takes a member of that
case_of() { optout queue --state all --json | grep "\"message_id\":\"$1@sender.example\""; }
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }

# start_sink [OPTION…]: smtp-sink at $relay_port, each message in a file of its own in $work/mail; it refuses to run as root
start_sink() {
	relay_port=${relay_port:-$(free_port)}
	mkdir -p "$work/mail"
	sink_user=
	if [ "$(id -u)" = 0 ]; then
		sink_user='-u nobody'
		chown nobody "$work/mail"
	fi
	# shellcheck disable=SC2086
	start sink smtp-sink $sink_user -d "$work/mail/%M." "$@" "127.0.0.1:$relay_port" 200
	wait_until 10 'listening "$relay_port"'
}

# --- Postfix, private: its own configuration, queue and data ---

# postfix_config NAME PORT [main.cf LINE…]: not started yet
postfix_config() {
	dir=$work/$1 port=$2
	shift 2
	mkdir -p "$dir" "$dir.queue" "$dir.data"
	chown postfix "$dir.data"
	cat >"$dir/main.cf" <<-EOT
		compatibility_level = 3.6
		queue_directory = $dir.queue
		data_directory = $dir.data
		maillog_file = $dir.log
		maillog_file_prefixes = $work
		inet_interfaces = 127.0.0.1
		inet_protocols = ipv4
		myhostname = mx.optout.example
		mydestination =
		mynetworks = 127.0.0.0/8
		smtpd_relay_restrictions = permit_mynetworks, reject
		smtpd_recipient_limit = 1000
		default_transport = discard
		relay_transport = discard
		local_transport = discard
		alias_maps =
		alias_database =
		smtputf8_enable = yes
		smtp_tls_security_level = none
		smtpd_tls_security_level = none
		milter_default_action = tempfail
		milter_protocol = 6
		smtpd_client_connection_rate_limit = 0
		smtpd_client_connection_count_limit = 0
		smtpd_soft_error_limit = 100000
		smtpd_hard_error_limit = 100000
		smtpd_error_sleep_time = 0
	EOT
	for line; do
		printf '%s\n' "$line" >>"$dir/main.cf"
	done
	sed "s/@PORT@/$port/" >"$dir/master.cf" <<-'EOT'
		127.0.0.1:@PORT@ inet n - n - 100 smtpd
		pickup unix n - n 60 1 pickup
		cleanup unix n - n - 0 cleanup
		qmgr unix n - n 300 1 qmgr
		tlsmgr unix - - n 1000? 1 tlsmgr
		rewrite unix - - n - - trivial-rewrite
		bounce unix - - n - 0 bounce
		defer unix - - n - 0 bounce
		trace unix - - n - 0 bounce
		verify unix - - n - 1 verify
		flush unix n - n 1000? 0 flush
		proxymap unix - - n - - proxymap
		smtp unix - - n - - smtp
		relay unix - - n - - smtp
		error unix - - n - - error
		retry unix - - n - - error
		discard unix - - n - - discard
		virtual unix - n n - - virtual
		anvil unix - - n - 1 anvil
		scache unix - - n - 1 scache
		postlog unix-dgram n - n - 1 postlogd
	EOT
}

# postfix_start NAME: and wait until it listens
postfix_start() {
	postfix -c "$work/$1" start >"$work/$1.start" 2>&1 || { sed 's/^/# /' "$work/$1.start"; return 1; }
	wait_until 20 'listening "$(sed -n "s/^127.0.0.1:\([0-9]*\) inet.*/\1/p" "$work/'"$1"'/master.cf" | head -n 1)"'
}

# postfix_stop NAME: and wait until its master is gone
postfix_stop() {
	postfix -c "$work/$1" stop >/dev/null 2>&1
	wait_until 10 '! kill -0 "$(cat "$work/'"$1"'.queue/pid/master.pid" 2>/dev/null || echo none)" 2>/dev/null'
}
