#!/bin/sh
# layers.t - holds src/ to its layers, downward only; each file names its own in its first line, `/* layer N name - …`.
#
#   - a file includes only headers of its own layer or below; modules of one layer include each other without cycles
#     (a module is all files of one name up to its first hyphen: store, store-admin, store-private)
#   - lmdb.h only in store*, curl.h only in submit*, GMime and gumbo only in layer 1
#   - only optout-reader is linked with GMime and gumbo, only optout-send with libcurl
set -eu
cd "${top_srcdir:-.}"
n=0
ok() { n=$((n + 1)); echo "ok $n - $1"; }
not_ok() { n=$((n + 1)); printf '%s\n' "$2" | sed 's/^/# /'; echo "not ok $n - $1"; }
# none NAME TEXT: passes if TEXT, a list of faults, is empty.
none() { if [ -z "$2" ]; then ok "$1"; else not_ok "$1" "$2"; fi; }

# One line a fact: `layer FILE N` and `uses FILE HEADER`, from every file.
facts=$(awk '
	FNR == 1 && match($0, /^\/\* layer [0-6] /) { print "layer", FILENAME, substr($0, 10, 1) }
	/^[ \t]*#[ \t]*include[ \t]*["<]/ {
		header = $0
		sub(/^[^"<]*["<]/, "", header)
		sub(/[">].*/, "", header)
		print "uses", FILENAME, header
	}' src/*.h src/*.c)

judge() {
	printf '%s\n' "$facts" | awk -v files="$(echo src/*.h src/*.c)" -v question="$1" '
	function module(file) { sub(/^src\//, "", file); sub(/[-.].*/, "", file); return file }
	# A .c file belongs to its header; without one it names its own layer.
	function layer_of(file) {
		if (file in layer) return layer[file]
		sub(/\.c$/, ".h", file)
		return file in layer ? layer[file] : -1
	}
	function visit(m,    i, list, count) {
		if (state[m] == 2) return
		if (state[m] == 1) { print "cycle:" path " " m; return }
		state[m] = 1
		path = path " " m
		count = split(edges[m], list, " ")
		for (i = 1; i <= count; i++) visit(list[i])
		sub(/ [^ ]*$/, "", path)
		state[m] = 2
	}
	$1 == "layer" { layer[$2] = $3 }
	$1 == "uses" { from[++uses] = $2; what[uses] = $3 }
	END {
		count = split(files, file, " ")
		if (question == "named")
			for (i = 1; i <= count; i++) if (layer_of(file[i]) < 0) print file[i] " names no layer"
		for (i = 1; i <= uses; i++) {
			target = "src/" what[i]
			if (!(target in layer)) continue
			above = layer[target] - layer_of(from[i])
			if (question == "downward" && above > 0)
				print from[i] " (layer " layer_of(from[i]) ") includes " what[i] " (layer " layer[target] ")"
			if (above == 0 && module(target) != module(from[i]))
				edges[module(from[i])] = edges[module(from[i])] " " module(target)
		}
		if (question == "acyclic")
			for (i = 1; i <= count; i++) visit(module(file[i]))
	}'
}
# users PATTERN: who includes a header that matches.
users() { printf '%s\n' "$facts" | awk -v pattern="$1" '$1 == "uses" && $3 ~ pattern { print $2 }' | sort -u; }
outside_layer_1() {
	for file in $(users "$1"); do
		for named in "$file" "${file%.c}.h"; do
			if printf '%s\n' "$facts" | grep -q "^layer $named "; then break; fi
		done
		printf '%s\n' "$facts" | grep -q "^layer $named 1$" || echo "$file includes it"
	done
}

none "every file of src/ names its layer" "$(judge named)"
none "no file includes a header above it" "$(judge downward)"
none "no cycle within a layer" "$(judge acyclic)"
none "lmdb.h: only store*" "$(users '^lmdb[.]h$' | grep -v '^src/store[^/]*$' || :)"
none "curl.h: only submit*" "$(users '^curl/' | grep -v '^src/submit[^/]*$' || :)"
none "GMime: only in layer 1" "$(outside_layer_1 '^gmime')"
none "gumbo: only in layer 1" "$(outside_layer_1 '^gumbo')"

for program in optout-milter optout-pipe optout-send optout optout-reader; do
	binary=${top_builddir:-.}/src/$program
	case $program in
	optout-reader)	foreign='libcurl|liblmdb' ;;
	optout-send)	foreign='libgmime|libgumbo' ;;
	*)		foreign='libgmime|libgumbo|libcurl' ;;
	esac
	if command -v readelf >/dev/null && [ -x "$binary" ]; then
		none "$program links no $foreign" "$(readelf -d "$binary" | awk '/\(NEEDED\)/ { print $NF }' | grep -E "$foreign" || :)"
	else
		n=$((n + 1))
		echo "ok $n - $program # SKIP not built, or no readelf"
	fi
done

none "no function past 60 lines" "$(awk '
	/^\{/ { begin = FNR; name = before }
	/^\}/ && begin { if (FNR - begin + 1 > 60) print FILENAME ": " name ": " FNR - begin + 1 " lines"; begin = 0 }
	{ before = $0 }' src/*.c)"
# Past this a file asks to be split by purpose; said, not enforced, for tests: their tables may be long.
wc -l tests/*.c | awk '$2 != "total" && $1 > 400 { print "# " $2 ": " $1 " lines" }'
none "no file of src/ past 400 lines" "$(wc -l src/*.h src/*.c | awk '$2 != "total" && $1 > 400 { print $2 ": " $1 " lines" }')"
echo "1..$n"
