# shellcheck shell=bash
# What the tests of `analyze` share: small studies, and numbers of their tables.
# shellcheck source=tests/cli_fixture.sh
source "$IONSWEEP_SOURCE/tests/cli_fixture.sh"

# study FILE DESIGN: solve two factors over a range in which the model is as good as linear.
study() {
  cat >sweep.yaml <<END
title: A narrow box
model: neuron_glia
design: {$2, factors: {temperature: {uniform: [36.9 degC, 37.1 degC]}, neuron.leak_na.permeability: {uniform: [0.00198, 0.00202]}}}
outputs: [neuron.V, class, sensitivity.neuron.V.*]
END
  "$IONSWEEP" run sweep.yaml -o "$1.nc" >run.log 2>&1 || fail "run $1: $(tail -1 run.log)"
}

# value CSV FACTOR COLUMN: one number of output neuron_V.
value() {
  awk -F, -v factor="$2" -v column="$3" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == column) at = i }
    $1 == "neuron_V" && $2 == factor { print $at }' "$1"
}

# near NAME A B TOLERANCE
near() {
  awk -v a="$2" -v b="$3" -v t="$4" 'BEGIN { exit !(a != "" && a - b <= t && b - a <= t) }' ||
    fail "$1: $2 is not within $4 of $3"
}

analyze() {
  "$IONSWEEP" analyze "$1.nc" --csv "$1.csv" >"$1.txt" 2>"$1.err" || fail "analyze $1: $(cat "$1.err")"
}

# of_function NAME FUNCTION DESIGN LEAST: x1 and x3 from LEAST to 3
of_function() {
  printf 'solve: function\nmodel: %s\ndesign: {kind: %s, seed: 1, factors: {x1: {uniform: [%s, 3]}, x3: {uniform: [%s, 3]}}}\n' \
    "$2" "$3" "$4" "$4" >sweep.yaml
  "$IONSWEEP" run sweep.yaml -o "$1.nc" >run.log 2>&1 || fail "run $1: $(tail -1 run.log)"
  analyze "$1"
}
