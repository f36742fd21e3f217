#!/bin/sh
# The milter protocol as others understand it: OpenDKIM's miltertest is the mail server.
. "$top_srcdir/tests/story/lib.sh"
need miltertest miltertest
begin
milter_port=$(free_port)
optout_config
start_milter || { sed 's/^/# /' "$work/milter.log"; exit 1; }
miltertest -D "port=$milter_port" -s "$top_srcdir/tests/story/milter.lua" >"$work/lua.out" 2>&1
lua_code=$?
grep -v '^1\.\.' "$work/lua.out"
count=$(grep -c '^\(not \)\{0,1\}ok ' "$work/lua.out")
is 'the script ran to its end' "$lua_code" 0

senders() { optout queue --state all --json | sed -n 's/.*"subject_address":"\([a-z]\)@example.org".*/\1/p' | sort | tr -d '\n'; }
is 'each message that ended is a case, no other' "$(senders | tr -d h)" abcef
stop milter
is 'SIGTERM ends it' "$stop_code" 0
finish
