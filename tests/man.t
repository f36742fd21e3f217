#!/bin/sh
# man.t - the manual pages: well-formed; every option that a program takes and every configuration key is described.
set -u
cd "${top_srcdir:-.}" || exit 99
command -v mandoc >/dev/null || { echo "1..0 # SKIP mandoc is not installed (Debian: mandoc)"; exit 0; }
n=0
# none NAME TEXT: passes if TEXT, a list of faults, is empty.
none() {
	n=$((n + 1))
	if [ -z "$2" ]; then echo "ok $n - $1"; else printf '%s\n' "$2" | sed 's/^/# /'; echo "not ok $n - $1"; fi
}
page() { mandoc -T ascii -O width=1000 "$1" | col_free; }
col_free() { sed "s/.$(printf '\b')//g"; }

# invents PAGE OPTION…: the options on the page that the program does not have.
invents() {
	page "$1" | options | while read -r word; do
		printf '%s\n' "$2" --help | grep -qx -e "$word" || echo "$word"
	done
}

# describes PAGE WORD…: the words that the page lacks.
describes() {
	text=$(page "$1")
	shift
	for word; do
		case $text in
		*"$word"*) ;;
		*) echo "$word" ;;
		esac
	done
}
options() { grep -o -e '--[a-z][a-z-]*' | sort -u; }

for file in src/*.[158] filters/*.5; do
	none "$file is well-formed" "$(mandoc -T lint -W warning "$file" 2>&1)"
done

bin=${top_builddir:-.}/src
if [ -x "$bin/optout" ]; then
	commands=$("$bin/optout" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
	[ -n "$commands" ] || commands='no commands in optout --help'
	# shellcheck disable=SC2086  # lists of words
	none "optout(1): every command" "$(describes src/optout.1 $commands)"
	# shellcheck disable=SC2086
	taken=$(for c in '' $commands; do "$bin/optout" $c --help 2>/dev/null; done | options)
	# shellcheck disable=SC2086
	none "optout(1): every option" "$(describes src/optout.1 $taken)"
	none "optout(1): no other option" "$(invents src/optout.1 "$taken")"
fi
for program in optout-milter.8 optout-send.8 optout-pipe.1; do
	[ -x "$bin/${program%.*}" ] || continue
	taken=$("$bin/${program%.*}" --help 2>&1 | options)
	# shellcheck disable=SC2086
	none "$program: every option" "$(describes "src/$program" $taken)"
	none "$program: no other option" "$(invents "src/$program" "$taken")"
done

keys=$(sed -n 's/^	{ "\([a-z-]*\)", [A-Z_]*, G_STRUCT_OFFSET.*/\1/p' src/config.c | sort -u)
[ -n "$keys" ] || keys='no keys in src/config.c'
# shellcheck disable=SC2086
none "optout.conf(5): every key" "$(describes src/optout.conf.5 $keys)"
none "contrib/optout.conf: every key" "$(for key in $keys; do grep -q "^#* *$key =" contrib/optout.conf || echo "$key"; done)"
if [ -x "$bin/optout" ]; then
	none "contrib/optout.conf is good" "$(OPTOUT_FILTERS=$PWD/filters "$bin/optout" --config contrib/optout.conf configtest 2>&1 >/dev/null)"
fi
echo "1..$n"
