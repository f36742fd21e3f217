# bench-lib.sh - what the benches with real mail servers share; sourced, after lib.sh's `begin`.
#
# Contestants take turns; `turn NAME COUNT COMMAND…` notes how many a second, `ratio NAME PEER` is the median of the rounds' ratios.
rounds=9

# median: of the numbers on standard input, one a line
median() {
	sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'
}

# turn NAME COUNT COMMAND…: COUNT of them a second, into $work/NAME.rates
turn() {
	name=$1 number=$2
	shift 2
	perl -MTime::HiRes=time -e 'my $n = shift; my $start = time; system(@ARGV) == 0 or die "$ARGV[0] failed\n"; printf "%.1f\n", $n / (time - $start)' \
		"$number" "$@" >>"$work/$name.rates" 2>>"$work/$name.errors" || { sed 's/^/# /' "$work/$name.errors" | tail -n 5; exit 1; }
}

# rate NAME: the median
rate() {
	median <"$work/$1.rates"
}

# ratio NAME PEER
ratio() {
	paste "$work/$1.rates" "$work/$2.rates" | awk '{ printf "%.3f\n", $1 / $2 }' | median
}

# goal NUMBER WHAT RATIO LEAST
goal() {
	echo "goal $1: $2: ${3}x (goal $4): $(awk -v got="$3" -v least="$4" 'BEGIN { print (got + 0 >= least + 0 ? "met" : "NOT MET") }')"
}
