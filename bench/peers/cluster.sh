#!/usr/bin/env bash
# Times cluster match and pairwise bounds beside the same rules in pandas, numpy and scipy.sparse,
# one thread each, and prints a Markdown table.
#
# usage: cluster.sh [VOTES…]
#   VOTES    sizes of rounds, default 10000 100000; each program runs up to the size it can do
# environment:
#   RUNS=3   runs of each program; the table shows the best and the worst
#   PYTHON=python3
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
runs=${RUNS:-3}
out=$root/out/peers
sizes=("$@")
[[ ${#sizes[@]} -gt 0 ]] || sizes=(10000 100000)
for size in "${sizes[@]}" "$runs"; do
    if [[ ! $size =~ ^[1-9][0-9]*$ ]]; then
        echo "cluster.sh: '$size' is no whole number above 0" >&2
        exit 1
    fi
done

# The largest rounds, in votes: dense tables of all voters and projects do not fit beyond, and
# pairs of voters take too long.
cocm_plain=20000
cocm_sparse=200000
pairwise_plain=200000
pairwise_sparse=200000
pairwise_ours=300000

export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 RAYON_NUM_THREADS=1
export PYTHONDONTWRITEBYTECODE=1

mkdir -p "$out"
python=$here/.venv/bin/python
[[ -x $python ]] || "${PYTHON:-python3}" -m venv "$here/.venv"
"$python" -m pip install --quiet --disable-pip-version-check \
    --requirement "$here/requirements.txt" >&2
(cd "$here" && "$python" -m unittest --quiet test_peers) >&2

lines=$out/clusters.jsonl
: >"$lines"
for size in "${sizes[@]}"; do
    round=$out/votes-$size.csv
    "$python" "$here/make_votes.py" --votes "$size" --out "$round"
    rules=(cocm)
    ((size > pairwise_ours)) || rules+=(pairwise)
    rules+=(leave-one-out)
    for ((run = 1; run <= runs; run++)); do
        # A process for each rule, so that each has its own peak of memory.
        for rule in "${rules[@]}"; do
            (cd "$root" && cargo run --quiet --release --package allonet-mechanisms \
                --example cluster_bench -- "$round" "$rule") >>"$lines"
        done
        for rule in cocm pairwise; do
            for way in plain sparse; do
                largest=${rule}_$way
                ((size > ${!largest})) ||
                    "$python" "$here/cluster_numpy.py" "$round" "$rule" "$way" >>"$lines"
            done
        done
    done
done

cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1 || true)
echo "Machine: ${cpu:-$(uname -m)}, $(uname -s); $("$python" --version), $(rustc --version)"
load=$(cut -d' ' -f1 /proc/loadavg 2>/dev/null || echo unknown)
echo "One thread; best of $runs runs; load average $load"
echo
"$python" "$here/cluster_report.py" "$lines"
