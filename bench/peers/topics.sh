#!/usr/bin/env bash
# Times the experiment of topics beside the same in numpy: one seed at a time, and all seeds in one
# array. Prints processor seconds for each seed and epoch, one thread each, rewards included.
#
# usage: topics.sh [ORACLES]
#   ORACLES  folder with mc33_batch.py and mc33_single.py, default $ALLONET_ORACLES
# environment:
#   SEEDS=400 EPOCHS=200   size of ours and of the array; one seed at a time takes SEEDS/100 seeds
#   PYTHON=python3         a Python with numpy
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
oracles=${1:-${ALLONET_ORACLES:-}}
seeds=${SEEDS:-400}
epochs=${EPOCHS:-200}
python=${PYTHON:-python3}
for size in "$seeds" "$epochs"; do
    if [[ ! $size =~ ^[1-9][0-9]*$ ]]; then
        echo "topics.sh: '$size' is no whole number above 0" >&2
        exit 1
    fi
done
if [[ ! -f $oracles/mc33_batch.py || ! -f $oracles/mc33_single.py ]]; then
    echo "topics.sh: no mc33_batch.py and mc33_single.py in '$oracles';" \
        "name their folder as argument or in ALLONET_ORACLES" >&2
    exit 1
fi

export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1
export PYTHONDONTWRITEBYTECODE=1
out=$root/out/topics
mkdir -p "$out"
(cd "$root" && cargo build --quiet --release --package allonet-cli)
ours=${CARGO_TARGET_DIR:-$root/target}/release/allonet
few=$((seeds / 100 > 0 ? seeds / 100 : 1))
few=$((few < 2 ? 2 : few))

# Processor seconds of a command, without its output.
seconds() {
    local TIMEFORMAT='%U %S'
    { time "$@" >"$out/last.txt" 2>&1; } 2>&1 | awk '{ print $1 + $2 }'
}
row() {
    awk -v name="$1" -v used="$2" -v size="$3" 'BEGIN {
        printf "| %s | %.2f | %.1f |\n", name, used, 1e6 * used / size }'
}

echo "| program | seconds | µs a seed and epoch |"
echo "|---|---|---|"
used=$(seconds "$ours" topic sim --figure 3 --seeds "$seeds" --epochs "$epochs" --threads 1)
row "allonet, $seeds seeds, statistics included" "$used" $((seeds * epochs))
used=$(seconds "$python" "$oracles/mc33_batch.py" "$out/batch.json" "$seeds" "$epochs" A)
row "numpy, $seeds seeds in one array" "$used" $((seeds * epochs))
used=$(seconds "$python" "$oracles/mc33_single.py" "$out/single.json" "$few" "$epochs" A)
row "numpy, $few seeds one by one" "$used" $((few * epochs))
