#!/usr/bin/env bash
# Times allonet and its peers on one synthetic round, one thread each, and prints Markdown tables.
#
# usage: run.sh [VOTES [GRAPH.json]]
#   VOTES       votes of the round, default 100000; also the nodes of the random cyclic graph
#   GRAPH.json  node-link dependency graph (default: the Deep Funding graph under ALLONET_DATA)
# environment:
#   RUNS=3        runs of each program; the table shows the best and the worst
#   PEERS_ONLY=1  leave allonet out
#   NODES=…       nodes of the random cyclic graph
#   PYTHON=python3
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
votes=${1:-100000}
data=${ALLONET_DATA:-$root/../shared/data}
graph=${2:-$data/deep-funding/graphs/unweighted_graph.json}
runs=${RUNS:-3}
nodes=${NODES:-$votes}
out=$root/out/peers
ours=$root/crates/allonet-mechanisms/examples/qf_bench.rs

fail() {
    echo "run.sh: $*" >&2
    exit 1
}

positive='^[1-9][0-9]*$'
[[ $votes =~ $positive ]] || fail "VOTES is '$votes'; a whole number above 0 is expected"
[[ $runs =~ $positive ]] || fail "RUNS is '$runs'; a whole number above 0 is expected"
[[ $nodes =~ $positive ]] || fail "NODES is '$nodes'; a whole number above 0 is expected"
[[ $# -lt 2 || -f $graph ]] || fail "graph file not found: $graph"
if [[ -z ${PEERS_ONLY:-} && ! -f $ours ]]; then
    fail "crates/allonet-mechanisms/examples/qf_bench.rs is missing, so allonet cannot be timed" \
        "beside its peers; set PEERS_ONLY=1 to run the peers alone"
fi

export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 RAYON_NUM_THREADS=1
export PYTHONDONTWRITEBYTECODE=1

# Standard output is for the result alone.
mkdir -p "$out"
python=$here/.venv/bin/python
[[ -x $python ]] || "${PYTHON:-python3}" -m venv "$here/.venv"
"$python" -m pip install --quiet --disable-pip-version-check \
    --requirement "$here/requirements.txt" >&2
(cd "$here" && "$python" -m unittest --quiet test_peers) >&2
cargo build --quiet --locked --release --manifest-path "$here/qf-pluralistic-rs/Cargo.toml" \
    --target-dir "$here/qf-pluralistic-rs/target"
pluralistic=$here/qf-pluralistic-rs/target/release/qf-pluralistic-rs

round=$out/votes-$votes.csv
lines=$out/results-$votes.jsonl
"$python" "$here/make_votes.py" --votes "$votes" --out "$round"
: >"$lines"

for ((run = 1; run <= runs; run++)); do
    if [[ -z ${PEERS_ONLY:-} ]]; then
        (cd "$root" && cargo run --quiet --release --package allonet-mechanisms \
            --example qf_bench -- "$round") >>"$lines"
    fi
    "$python" "$here/qf_sparse_numpy.py" "$round" --matches "$out/numpy.csv" >>"$lines"
    "$pluralistic" "$round" --matches "$out/pluralistic.csv" >>"$lines"
    "$python" "$here/retro_pandas.py" >>"$lines"
    for method in power gmres; do
        "$python" "$here/cyclic_scipy.py" --method "$method" --nodes "$nodes" >>"$lines"
    done
    # On a random graph the time of sparse LU grows about with the cube of the nodes: a small one.
    for method in spsolve power gmres; do
        "$python" "$here/cyclic_scipy.py" --method "$method" --nodes 2000 >>"$lines"
    done
    if [[ -f $graph ]]; then
        for method in dense spsolve power gmres; do
            "$python" "$here/cyclic_scipy.py" --method "$method" --graph "$graph" >>"$lines"
        done
    fi
done
[[ -f $graph ]] || echo "skipped: the dependency graph; name its file as second argument" >&2

# Beside it, ours is `cargo bench -p allonet-mechanisms --bench optimism`.
month=$data/optimism-retro/M11
if [[ -d $month ]]; then
    for ((run = 1; run <= runs; run++)); do
        "$python" "$here/optimism_networkx.py" "$month" --rewards "$out/optimism.csv"
    done >"$out/optimism.jsonl"
else
    echo "skipped: Optimism's Retro Funding; its data is not under $data" >&2
fi

cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1 || true)
echo "Machine: ${cpu:-$(uname -m)}, $(uname -s); $("$python" --version), $(rustc --version)"
load=$(cut -d' ' -f1 /proc/loadavg 2>/dev/null || echo unknown)
echo "One thread; best of $runs runs; load average $load"
echo
"$python" "$here/report.py" "$lines" --matches "$out/numpy.csv" "$out/pluralistic.csv"
if [[ -d $month ]]; then
    echo
    echo "Optimism, dev tooling of December 2025:"
    cat "$out/optimism.jsonl"
fi
