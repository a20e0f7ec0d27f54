#!/usr/bin/env python3
"""Time cluster match (markov, harsh) and pairwise bounds in float64.

Reads voter,project,amount and prints one JSON line. Two ways of writing each rule:

* `plain`: pandas and dense numpy, with the matrix of all voters and all projects (and of all
  voters and all voters), as the formulas stand on paper;
* `sparse`: scipy.sparse, one project at a time with the rows of its voters alone (and the pairs
  of voters of one project at a time).

Reading the file and the table of voters and projects are `parse_s`; from there to the score of
every project is `compute_s`.
"""

import argparse

import numpy as np
import pandas as pd
from scipy import sparse

from measure import Stopwatch, peak_rss_mb, print_report

COLUMNS = {"voter": str, "project": str, "amount": np.float64}
BOUND = 0.01


def read_votes(path):
    """Return the votes as a table."""
    return pd.read_csv(path, dtype=COLUMNS, usecols=list(COLUMNS))


def dense_table(votes):
    """Return what each voter gives each project: voters in rows, projects in columns."""
    return votes.pivot_table(
        index="voter", columns="project", values="amount", aggfunc="sum", fill_value=0.0
    )


def sparse_table(votes):
    """Return the same as a sparse matrix."""
    voters, _ = pd.factorize(votes["voter"], sort=True)
    projects, _ = pd.factorize(votes["project"], sort=True)
    table = sparse.coo_array((votes["amount"].to_numpy(), (voters, projects))).tocsr()
    table.sum_duplicates()
    return table


def geometric_sum(matrix):
    """Return the sum of sqrt(P_gh P_hg) over all g and h but g = h."""
    roots = np.sqrt(matrix * matrix.T)
    np.fill_diagonal(roots, 0.0)
    return roots.sum()


def cocm_plain(table):
    """Score every project with all voters in every product."""
    shares = table.div(table.sum(axis="columns"), axis="index")
    given = table.div(table.sum(axis="index"), axis="columns").T
    near = shares.dot(given.dot(shares)).where(table == 0, 1.0)
    far = (1.0 - near).to_numpy()
    shares = shares.to_numpy()
    return np.array([
        geometric_sum((far * table[project].to_numpy()[:, None]).T @ shares) for project in table
    ])


def cocm_sparse(table):
    """Score every project with its own voters alone."""
    shares = (sparse.diags_array(1.0 / table.sum(axis=1)) @ table).tocsr()
    given = (sparse.diags_array(1.0 / table.sum(axis=0)) @ table.T).tocsr()
    steps = (given @ shares).toarray()
    by_project = table.tocsc()
    scores = np.zeros(table.shape[1])
    for project in range(table.shape[1]):
        column = slice(by_project.indptr[project], by_project.indptr[project + 1])
        voters = by_project.indices[column]
        theirs = shares[voters]
        met = np.unique(theirs.indices)
        theirs_met = theirs[:, met]
        far = 1.0 - theirs @ steps[:, met]
        far[theirs_met.nonzero()] = 0.0
        far *= by_project.data[column][:, None]
        scores[project] = geometric_sum((theirs_met.T @ far).T)
    return scores


def pairwise_plain(table):
    """Score every project from the matrix of all pairs of voters."""
    roots = np.sqrt(table.to_numpy())
    factors = BOUND / (BOUND + roots @ roots.T)
    np.fill_diagonal(factors, 0.0)
    return np.einsum("ip,ip->p", roots, factors @ roots) / 2


def pairwise_sparse(table):
    """Score every project from blocks of voters, with those they share a project with."""
    roots = table.copy()
    roots.data = np.sqrt(roots.data)
    scores = np.zeros(table.shape[1])
    columns = roots.T.tocsr()
    for start in range(0, table.shape[0], 1000):
        block = roots[start:start + 1000]
        totals = (block @ columns).tocoo()
        others = totals.row + start < totals.col
        row, column = totals.row[others], totals.col[others]
        factors = sparse.coo_array(
            (BOUND / (BOUND + totals.data[others]), (row, column)), shape=totals.shape
        ).tocsr()
        scores += block.multiply(factors @ roots).sum(axis=0)
    return scores


RULES = {
    ("cocm", "plain"): (dense_table, cocm_plain),
    ("cocm", "sparse"): (sparse_table, cocm_sparse),
    ("pairwise", "plain"): (dense_table, pairwise_plain),
    ("pairwise", "sparse"): (sparse_table, pairwise_sparse),
}


def main():
    """Time one rule on one round and print the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("votes", help="CSV file voter,project,amount")
    parser.add_argument("rule", choices=sorted({rule for rule, _ in RULES}))
    parser.add_argument("way", choices=sorted({way for _, way in RULES}))
    arguments = parser.parse_args()
    to_table, score = RULES[arguments.rule, arguments.way]

    with Stopwatch() as parse:
        votes = read_votes(arguments.votes)
        table = to_table(votes)
    with Stopwatch() as compute:
        scores = score(table)
    print_report(
        peer={"plain": "pandas/numpy", "sparse": "scipy.sparse"}[arguments.way],
        rule=arguments.rule,
        votes=len(votes),
        parse_s=parse.cpu_s,
        compute_s=compute.cpu_s,
        peak_rss_mb=peak_rss_mb(),
        score_sum=float(scores.sum()),
        score_norm=float(np.linalg.norm(scores)),
    )


if __name__ == "__main__":
    main()
