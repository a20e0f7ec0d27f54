#!/usr/bin/env bash
# Draws juries of mixed quality, fits them with ours and with published libraries, and prints how
# far each is from the truth: means over seeds with standard errors, and paired differences.
#
# usage: juries.sh [SEEDS]
#   SEEDS    juries of each kind, default 20
# environment:
#   PYTHON=python3
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
seeds=${1:-20}
if [[ ! $seeds =~ ^[1-9][0-9]*$ ]]; then
    echo "juries.sh: '$seeds' is no whole number above 0" >&2
    exit 1
fi

export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 RAYON_NUM_THREADS=1
export PYTHONDONTWRITEBYTECODE=1

folder=$root/out/juries
rm -rf "$folder"
mkdir -p "$folder"
python=$here/.venv/bin/python
[[ -x $python ]] || "${PYTHON:-python3}" -m venv "$here/.venv"
"$python" -m pip install --quiet --disable-pip-version-check \
    --requirement "$here/requirements.txt" >&2

(cd "$root" && cargo bench --quiet --package allonet-weights --bench juries -- \
    accuracy "$folder" "$seeds") >"$folder/ours.csv"
"$python" "$here/juries.py" "$folder" "$seeds"
