#!/usr/bin/env python3
"""Weights from duels by the libraries that people use, timed on one file of duels.

    weights_peers.py make ITEMS DUELS FILE          draw a file of duels
    weights_peers.py PEER FILE [--logs LOGS]        time one peer, print one JSON line
    weights_peers.py report LINES FOLDER            compare and print a Markdown table

A file of duels is little-endian 32-bit words: the number of items, then winner and loser of each
duel. Log weights are text, one number a line.

Preparing (`prepare_s`) is what a user does from arrays of item numbers to what the library takes:
lists of tuples for choix, lists of winners for evalica, a data frame for crowd-kit, a sparse
matrix for scikit-learn. `fit_s` is the call alone. Importing is not counted.
"""

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from measure import Stopwatch, peak_rss_mb, print_report

# Farther than this (root mean square of log weights) a fit is called another estimate.
SAME = 0.02


def draw(items, duels):
    """Return winners, losers and true log weights: z ~ N(0, 1), uniform random pairs."""
    random = np.random.default_rng([items, duels])
    truth = random.normal(size=items)
    left = random.integers(items, size=duels)
    right = (left + 1 + random.integers(items - 1, size=duels)) % items
    left_wins = random.random(duels) < 1 / (1 + np.exp(truth[right] - truth[left]))
    return np.where(left_wins, left, right), np.where(left_wins, right, left), truth


def write(path, items, winners, losers):
    """Write a file of duels."""
    words = np.concatenate([[items], np.column_stack([winners, losers]).ravel()])
    words.astype("<u4").tofile(path)


def read(path):
    """Return the number of items, winners and losers."""
    words = np.fromfile(path, dtype="<u4").astype(np.int64)
    return int(words[0]), words[1::2], words[2::2]


def centred(logs):
    """Return log weights that add up to zero."""
    return np.asarray(logs, dtype=float) - np.mean(logs)


def choix_peer(method, **settings):
    """Return the two steps of a function of choix."""
    def prepare(items, winners, losers):
        import choix
        return items, list(zip(winners.tolist(), losers.tolist())), getattr(choix, method)

    def fit(prepared):
        items, pairs, function = prepared
        return function(items, pairs, **settings)

    return prepare, fit


def evalica_prepare(items, winners, losers):
    """Name the items by their numbers, as lists."""
    import evalica
    won = [evalica.Winner.X] * len(winners)
    return evalica, items, winners.tolist(), losers.tolist(), won


def evalica_peer(method, **settings):
    """Return the two steps of a function of evalica."""
    def fit(prepared):
        evalica, items, winners, losers, won = prepared
        scores = getattr(evalica, method)(winners, losers, won, **settings).scores
        return np.log(scores.reindex(range(items)).to_numpy())

    return evalica_prepare, fit


def crowdkit_prepare(items, winners, losers):
    """Return a data frame of its columns."""
    import pandas as pd
    from crowdkit.aggregation import BradleyTerry
    frame = pd.DataFrame({"worker": "w", "left": winners, "right": losers, "label": winners})
    return BradleyTerry(n_iter=1000, tol=1e-8), items, frame


def crowdkit_fit(prepared):
    """Return the logarithms of its scores."""
    rule, items, frame = prepared
    return np.log(rule.fit_predict(frame).reindex(range(items)).to_numpy())


def sklearn_prepare(items, winners, losers):
    """Return the sparse design: one at the left item, minus one at the right."""
    from scipy import sparse
    from sklearn.linear_model import LogisticRegression
    rows = len(winners)
    # Both outcomes must occur: every other duel is turned round.
    signs = np.where(np.arange(rows) % 2 == 0, 1.0, -1.0)
    design = sparse.csr_array(
        (np.column_stack([signs, -signs]).ravel(), np.column_stack([winners, losers]).ravel(),
         np.arange(0, 2 * rows + 1, 2)), shape=(rows, items),
    )
    model = LogisticRegression(C=1e4, fit_intercept=False, solver="lbfgs", tol=1e-8, max_iter=1000)
    return model, design, signs > 0


def sklearn_fit(prepared):
    """Return the coefficients."""
    model, design, won = prepared
    return model.fit(design, won).coef_[0]


# Name: (prepare, fit), and the largest number of items and duels where it ends within minutes
# and a few gigabytes.
PEERS = {
    "choix mm": (*choix_peer("mm_pairwise", max_iter=10_000), 1_000, 100_000),
    "choix ilsr": (*choix_peer("ilsr_pairwise", max_iter=100), 1_000, 100_000),
    "choix opt": (*choix_peer("opt_pairwise"), 1_000, 100_000),
    "choix lsr (one step)": (*choix_peer("lsr_pairwise"), 10_000, 1_000_000),
    "evalica bradley_terry": (*evalica_peer("bradley_terry"), 10_000, 1_000_000),
    "evalica newman": (*evalica_peer("newman"), 1_000, 100_000),
    "crowd-kit BradleyTerry": (crowdkit_prepare, crowdkit_fit, 10_000, 1_000_000),
    "scikit-learn lbfgs": (sklearn_prepare, sklearn_fit, 100_000, 10_000_000),
}


def run(peer, path, logs):
    """Time one peer and print its line."""
    prepare, fit, most_items, most_duels = PEERS[peer]
    items, winners, losers = read(path)
    line = {"peer": peer, "items": items, "duels": len(winners)}
    if items > most_items or len(winners) > most_duels:
        print_report(**line, skipped=f"infeasible above {most_items} items")
        return
    # The first call pays for imports.
    fit(prepare(3, np.array([0, 1, 2, 1, 2, 0]), np.array([1, 2, 0, 0, 1, 2])))
    with Stopwatch() as preparing:
        prepared = prepare(items, winners, losers)
    with Stopwatch() as fitting:
        found = fit(prepared)
    if logs:
        np.savetxt(logs, centred(found), fmt="%.17g")
    print_report(
        **line, prepare_s=preparing.cpu_s, fit_s=fitting.cpu_s, peak_rss_mb=peak_rss_mb()
    )


def report(path, folder):
    """Print the table; return whether ours is an exact maximum at every size."""
    lines = defaultdict(list)
    for text in Path(path).read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        lines[line["items"], line["duels"], line["peer"]].append(line)
    print("| items / duels | program | prepare s | fit s | peak MB | distance | largest pull |")
    print("|---|---|---|---|---|---|---|")
    exact = True
    for (items, duels, peer), runs in sorted(lines.items(), key=lambda entry: entry[0][:2]):
        size = f"{items:,} / {duels:,}"
        if "skipped" in runs[0]:
            print(f"| {size} | {peer} | | {runs[0]['skipped']} | | | |")
            continue
        prepare, fit = (min(run[key] for run in runs) for key in ("prepare_s", "fit_s"))
        peak = max(run["peak_rss_mb"] for run in runs)
        ours = np.loadtxt(Path(folder, f"{duels}-allonet.txt"))
        found = np.loadtxt(Path(folder, f"{duels}-{peer}.txt"))
        distance = np.sqrt(np.mean((found - ours) ** 2))
        pull = largest_pull(Path(folder, f"duels-{duels}.bin"), found)
        note = " (another estimate)" if distance > SAME else ""
        print(f"| {size} | {peer} | {prepare:.4f} | {fit:.4f} | {peak:.0f} | "
              f"{distance:.1e}{note} | {pull:.0e} |")
        exact &= peer != "allonet" or pull < 1e-9
    return exact


def largest_pull(path, logs):
    """Return the largest |wins - expected wins| of an item: zero at the maximum."""
    items, winners, losers = read(path)
    surprise = 1 / (1 + np.exp(logs[winners] - logs[losers]))
    pulls = np.bincount(winners, surprise, items) - np.bincount(losers, surprise, items)
    return float(np.abs(pulls).max())


def main():
    """Do what the first argument says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("make")
    make.add_argument("items", type=int)
    make.add_argument("duels", type=int)
    make.add_argument("file")
    table = commands.add_parser("report")
    table.add_argument("lines")
    table.add_argument("folder")
    for peer in PEERS:
        timed = commands.add_parser(peer)
        timed.add_argument("file")
        timed.add_argument("--logs")
    arguments = parser.parse_args()
    if arguments.command == "make":
        winners, losers, _ = draw(arguments.items, arguments.duels)
        write(arguments.file, arguments.items, winners, losers)
    elif arguments.command == "report":
        if not report(arguments.lines, arguments.folder):
            sys.exit("allonet's weights are not those of the largest likelihood")
    else:
        run(arguments.command, arguments.file, arguments.logs)


if __name__ == "__main__":
    main()
