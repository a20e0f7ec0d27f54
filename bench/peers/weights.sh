#!/usr/bin/env bash
# Times Bradley–Terry beside choix, evalica, crowd-kit and scikit-learn on the same duels, one
# thread each, and prints a Markdown table.
#
# usage: weights.sh [ITEMS/DUELS…]
#   ITEMS/DUELS  sizes, default 100/3000 1000/100000; each program runs up to the size it can do
# environment:
#   RUNS=3   runs of each program; the table shows the best
#   PYTHON=python3
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
runs=${RUNS:-3}
out=$root/out/peers/weights
sizes=("$@")
[[ ${#sizes[@]} -gt 0 ]] || sizes=(100/3000 1000/100000)
for size in "${sizes[@]}" "$runs/1"; do
    if [[ ! $size =~ ^[1-9][0-9]*/[1-9][0-9]*$ ]]; then
        echo "weights.sh: '$size' is not two whole numbers above 0, as in 100/3000" >&2
        exit 1
    fi
done

export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 RAYON_NUM_THREADS=1
export PYTHONDONTWRITEBYTECODE=1

mkdir -p "$out"
python=$here/.venv/bin/python
[[ -x $python ]] || "${PYTHON:-python3}" -m venv "$here/.venv"
"$python" -m pip install --quiet --disable-pip-version-check \
    --requirement "$here/requirements.txt" >&2
(cd "$here" && "$python" -m unittest --quiet test_peers) >&2

lines=$out/results.jsonl
: >"$lines"
for size in "${sizes[@]}"; do
    items=${size%/*} duels=${size#*/}
    file=$out/duels-$duels.bin
    "$python" "$here/weights_peers.py" make "$items" "$duels" "$file"
    for ((run = 1; run <= runs; run++)); do
        (cd "$root" && cargo run --quiet --release --package allonet-weights \
            --example weights_bench -- "$file" "$out/$duels-allonet.txt") >>"$lines"
        for peer in "choix mm" "choix ilsr" "choix opt" "choix lsr (one step)" \
            "evalica bradley_terry" "evalica newman" "crowd-kit BradleyTerry" \
            "scikit-learn lbfgs"; do
            "$python" -W ignore "$here/weights_peers.py" "$peer" "$file" \
                --logs "$out/$duels-$peer.txt" >>"$lines"
        done
    done
done

cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1 || true)
echo "Machine: ${cpu:-$(uname -m)}, $(uname -s); $("$python" --version), $(rustc --version)"
load=$(cut -d' ' -f1 /proc/loadavg 2>/dev/null || echo unknown)
echo "One thread, processor seconds; best of $runs runs; load average $load"
echo
"$python" "$here/weights_peers.py" report "$lines" "$out"
