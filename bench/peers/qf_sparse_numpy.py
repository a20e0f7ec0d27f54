#!/usr/bin/env python3
"""Time linear quadratic funding in float64 with numpy and scipy.sparse.

Reads voter,project,amount and prints one JSON line. Reading the file and numbering voters and
projects is `parse_s`; from integer ids and amounts in memory to the match of every project is
`compute_s`.
"""

import argparse
import csv

import numpy as np
import pandas as pd
from scipy import sparse

from measure import Stopwatch, peak_rss_mb, print_report

COLUMNS = {"voter": str, "project": str, "amount": np.float64}


def read_votes(path):
    """Return voter ids, project ids, amounts and the project names in order of their ids."""
    table = pd.read_csv(path, dtype=COLUMNS, usecols=list(COLUMNS))
    voters, _ = pd.factorize(table["voter"])
    projects, names = pd.factorize(table["project"], sort=True)
    return voters, projects, table["amount"].to_numpy(), list(names)


def linear_qf(voters, projects, amounts, pool):
    """Return the match of each project: (sum of roots)^2 - sum, scaled down to the pool.

    The votes of one voter for one project are added up before the root is taken.
    """
    given = sparse.coo_array((amounts, (voters, projects))).tocsr()
    given.sum_duplicates()
    roots = np.bincount(given.indices, weights=np.sqrt(given.data), minlength=given.shape[1])
    sums = np.bincount(given.indices, weights=given.data, minlength=given.shape[1])
    scores = roots * roots - sums
    total = scores.sum()
    return scores * (pool / total) if total > pool else scores


def write_matches(path, names, matches):
    """Write project,match with every digit of the float."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["project", "match"])
        writer.writerows((name, repr(float(match))) for name, match in zip(names, matches))


def main():
    """Time one round and print the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("votes", help="CSV file voter,project,amount")
    parser.add_argument("--pool", type=float, default=1_000_000.0, help="tokens to distribute")
    parser.add_argument("--matches", help="also write project,match to this file")
    arguments = parser.parse_args()

    with Stopwatch() as parse:
        voters, projects, amounts, names = read_votes(arguments.votes)
    with Stopwatch() as compute:
        matches = linear_qf(voters, projects, amounts, arguments.pool)
    rss = peak_rss_mb()

    if arguments.matches:
        write_matches(arguments.matches, names, matches)
    print_report(
        peer="numpy/scipy sparse",
        votes=len(amounts),
        parse_s=parse.cpu_s,
        compute_s=compute.cpu_s,
        parse_wall_s=parse.wall_s,
        compute_wall_s=compute.wall_s,
        votes_per_cpu_s=len(amounts) / compute.cpu_s,
        peak_rss_mb=rss,
        total_matched=float(matches.sum()),
        match_norm=float(np.linalg.norm(matches)),
    )


if __name__ == "__main__":
    main()
