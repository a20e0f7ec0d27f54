#!/usr/bin/env python3
"""Time Optimism's dev tooling round, season 8, with pandas and networkx.

Reads one month's files (devtooling__*.csv and devtooling__arcturus.yaml) and prints one JSON line.
Reading the files is `parse_s`; from tables in memory to the reward of every tool is `compute_s`.
"""

import argparse
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import yaml

from measure import Stopwatch, peak_rss_mb, print_report

PACKAGE = "package_dependency"
COMMIT = "onchain_project_to_developer"
ENGAGE = "developer_to_devtooling_project"
TABLES = ("onchain_metadata", "project_metadata", "dependency_graph", "developer_graph",
          "utility_labels")


def read_month(folder):
    """Return the weight file and the tables by name."""
    folder = Path(folder)
    with open(folder / "devtooling__arcturus.yaml", encoding="utf-8") as file:
        plan = yaml.safe_load(file)
    return plan, {name: pd.read_csv(folder / f"devtooling__{name}.csv") for name in TABLES}


def scaled(column):
    """Bring a column to 0 ... 1; a half where all are equal."""
    low, high = column.min(), column.max()
    return (column - low) / (high - low) if high > low else column * 0.0 + 0.5


def standing(table, weights):
    """Return the weighted sum of scaled logarithms by project, as parts of 1."""
    known = [(name, weight) for name, weight in weights.items() if name in table]
    total = sum(weight * scaled(np.log1p(table[name])) for name, weight in known)
    return pd.Series((total / total.sum()).to_numpy(), index=table["project_id"])


def links(tables):
    """Return the three kinds of links in one table: i, j, event, month, kind."""
    work = tables["developer_graph"].copy()
    work["month"] = pd.to_datetime(work["bucket_month"])
    onchain = set(tables["onchain_metadata"]["project_id"])
    tools = set(tables["project_metadata"]["project_id"])
    uses = tables["dependency_graph"].set_axis(["i", "j", "event"], axis=1)
    uses = uses.assign(month=work["month"].max(), kind=PACKAGE)
    commits = work[work["project_id"].isin(onchain) & (work["event_type"] == "COMMIT_CODE")]
    commits = commits.rename(columns={"project_id": "i", "developer_id": "j", "event_type": "event"})
    engaged = work[work["project_id"].isin(tools)]
    engaged = engaged.rename(columns={"developer_id": "i", "project_id": "j", "event_type": "event"})
    own = dict(zip(commits["j"], commits["i"]))
    engaged = engaged[engaged["i"].map(own) != engaged["j"]]
    columns = ["i", "j", "event", "month", "kind"]
    parts = [uses, commits.assign(kind=COMMIT), engaged.assign(kind=ENGAGE)]
    return pd.concat([part[columns] for part in parts], ignore_index=True)


def reputation(commits, trust):
    """Sum over months of the mean standing of the projects a developer committed to."""
    distinct = commits.drop_duplicates(["month", "i", "j"])
    values = distinct["i"].map(trust).fillna(0.0)
    return values.groupby([distinct["month"], distinct["j"]]).mean().groupby("j").sum()


def weigh(edges, settings, tables):
    """Return the weight of every link."""
    years = (edges["month"].max() - edges["month"]).dt.days / 365.0
    half_lives = edges["kind"].map(settings["link_type_time_decays"])
    events = {name.upper(): weight for name, weight in settings["event_type_weights"].items()}
    labels = tables["utility_labels"].set_index("project_name")["recommendation"]
    tools = tables["project_metadata"].set_index("project_id")["project_name"]
    utility = tools.map(labels).map(settings["utility_weights"]).fillna(1.0)
    use = edges["j"].map(utility).where(edges["kind"] != COMMIT, 1.0).fillna(1.0)
    return np.exp(-np.log(2.0) / half_lives * years) * edges["event"].str.upper().map(events) * use


def pagerank(edges, alpha, trust, tools):
    """Return the ranks of tools as parts of 1; the last of several links counts."""
    graph = nx.DiGraph()
    graph.add_weighted_edges_from(edges[["i", "j", "weight"]].itertuples(index=False, name=None))
    teleport = {node: trust.get(node, 0.0) for node in graph}
    ranks = pd.Series(nx.pagerank(graph, alpha, teleport, max_iter=100, tol=1e-8))
    ranks = ranks[ranks.index.isin(tools)]
    return ranks / ranks.sum()


def one_pass(wanted, budget, cap):
    """Fill from the highest wish down."""
    left, paid = wanted.sum(), {}
    for name, wish in wanted.sort_values(ascending=False).items():
        paid[name] = min(wish / left * budget, cap) if left > 0 else 0.0
        budget -= paid[name]
        left -= wish
    return pd.Series(paid)


def allocate(scores, limits):
    """Divide the budget under the cap and above the minimum, to two decimals."""
    budget = limits["budget"]
    cap = limits["max_share_per_project"] * budget
    paid = one_pass(scores * budget, budget, cap)
    paid[paid < limits["min_amount_per_project"]] = 0.0
    held = paid[paid == cap].sum()
    below = paid[paid < cap]
    paid.update(one_pass(below, budget - held, cap))
    return paid.round(2)


def rewards(plan, tables):
    """Return the reward of every eligible tool."""
    settings = plan["simulation"]
    edges = links(tables)
    tools = tables["project_metadata"].copy()
    ids = tools["project_id"]
    for name, kind in (("num_package_connections", PACKAGE), ("num_developer_connections", ENGAGE)):
        counts = edges.loc[edges["kind"] == kind, "j"].value_counts()
        tools[name] = ids.map(counts).fillna(0)
    onchain = standing(tables["onchain_metadata"], settings["onchain_project_pretrust_weights"])
    own = standing(tools, settings["devtooling_project_pretrust_weights"])
    known = reputation(edges[edges["kind"] == COMMIT], onchain)
    trust = pd.concat([onchain, own, known]).groupby(level=0).sum().to_dict()
    distinct = edges.groupby(["kind", "j"])["i"].nunique()
    least = settings["eligibility_thresholds"]
    enough = (
        ids.map(distinct[PACKAGE]).fillna(0) >= least["num_projects_with_package_links"]
    ) | (ids.map(distinct[ENGAGE]).fillna(0) >= least["num_onchain_developers_with_links"])
    edges["weight"] = weigh(edges, settings, tables)
    edges = edges[edges["weight"] > 0]
    by_package = edges["kind"] == PACKAGE
    weights = settings["link_type_weights"]
    scores = (
        weights[PACKAGE] * pagerank(edges[by_package], settings["alpha_onchain"], trust, ids)
    ).add(
        weights[ENGAGE] * pagerank(edges[~by_package], settings["alpha_devtooling"], trust, ids),
        fill_value=0.0,
    )
    scores = scores[scores.index.isin(ids[enough])]
    return allocate(scores / scores.sum(), plan["allocation"])


def main():
    """Time one month and print the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("month", help="folder with the files of one month")
    parser.add_argument("--rewards", help="also write project,reward to this file")
    arguments = parser.parse_args()
    with Stopwatch() as parse:
        plan, tables = read_month(arguments.month)
    with Stopwatch() as compute:
        paid = rewards(plan, tables)
    if arguments.rewards:
        paid.rename("reward").rename_axis("project").to_csv(arguments.rewards)
    print_report(
        peer="pandas networkx",
        round="optimism dev tooling",
        tools=len(paid),
        parse_s=parse.cpu_s,
        compute_s=compute.cpu_s,
        parse_wall_s=parse.wall_s,
        compute_wall_s=compute.wall_s,
        peak_rss_mb=peak_rss_mb(),
        total_paid=round(float(paid.sum()), 2),
        largest=float(paid.max()),
    )


if __name__ == "__main__":
    main()
