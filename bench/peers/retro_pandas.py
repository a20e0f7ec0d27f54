#!/usr/bin/env python3
"""Time a bootstrap over the voters of a retro round with iterative elimination in pandas and numpy.

The round, the samples and the rule are those of `benches/retro.rs` of allonet-mechanisms: 950 votes
of 30 voters on 100 projects, sums of votes, quorum 4, minimum 500 of 510,000. Prints one JSON line
for the data frame that an analyst would write and one for arrays; both must agree.
"""

import argparse

import numpy as np
import pandas as pd

from make_votes import splitmix64
from measure import Stopwatch, print_report

VOTES, VOTERS, PROJECTS = 950, 30, 100
POOL, QUORUM, MINIMUM = 510_000.0, 4, 500.0


def votes():
    """Return voters, projects and amounts of the round."""
    words = splitmix64(1)
    seen, rows = set(), []
    while len(rows) < VOTES:
        voter = next(words) % VOTERS
        bound = 1 + next(words) % PROJECTS
        project = next(words) % bound
        amount = 1 + next(words) % 1000
        if (voter, project) not in seen:
            seen.add((voter, project))
            rows.append((voter, project, amount))
    voters, projects, amounts = zip(*rows)
    return np.array(voters), np.array(projects), np.array(amounts, dtype=np.float64)


def samples(count):
    """Yield how often each voter is drawn, for each sample."""
    words = splitmix64(2)
    for _ in range(count):
        drawn = [next(words) % VOTERS for _ in range(VOTERS)]
        yield np.bincount(drawn, minlength=VOTERS)


def pay_frame(frame, copies):
    """Return the money of each project from a data frame of votes."""
    drawn = frame.loc[frame.index.repeat(copies[frame["voter"]])]
    by_project = drawn.groupby("project")["amount"].agg(["sum", "size"])
    scores = by_project.loc[by_project["size"] >= QUORUM, "sum"]
    while True:
        paid = scores / scores.sum() * POOL
        enough = paid >= MINIMUM
        if enough.all():
            return paid.reindex(range(PROJECTS), fill_value=0.0).to_numpy()
        scores = scores[enough]


def pay_arrays(voters, projects, amounts, copies):
    """Return the money of each project from arrays of votes."""
    times = copies[voters]
    scores = np.bincount(projects, weights=amounts * times, minlength=PROJECTS)
    ballots = np.bincount(projects, weights=times, minlength=PROJECTS)
    scores[ballots < QUORUM] = 0.0
    while True:
        total = scores.sum()
        paid = scores / total * POOL if total > 0.0 else scores
        small = (paid < MINIMUM) & (scores > 0.0)
        if not small.any():
            return paid
        scores[small] = 0.0


def main():
    """Time both and print their JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=1000, help="evaluations to time")
    arguments = parser.parse_args()

    voters, projects, amounts = votes()
    frame = pd.DataFrame({"voter": voters, "project": projects, "amount": amounts})
    drawn = list(samples(arguments.samples))
    peers = {
        "pandas data frame": lambda copies: pay_frame(frame, copies),
        "numpy arrays": lambda copies: pay_arrays(voters, projects, amounts, copies),
    }
    results = {}
    for peer, pay in peers.items():
        with Stopwatch() as watch:
            results[peer] = [pay(copies) for copies in drawn]
        print_report(
            peer=peer,
            retro_votes=VOTES,
            evaluations=len(drawn),
            compute_s=watch.cpu_s,
            compute_wall_s=watch.wall_s,
            evaluations_per_cpu_s=len(drawn) / watch.cpu_s,
        )
    first, second = results.values()
    np.testing.assert_allclose(first, second, rtol=1e-9, atol=1e-6)


if __name__ == "__main__":
    main()
