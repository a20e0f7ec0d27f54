#!/usr/bin/env python3
"""Compare the results of the peers, then print their JSON lines as Markdown tables.

Reads JSON lines from a file and `project,match` files of the quadratic funding peers. Exits with
status 1 when peers disagree: a speed means nothing beside a different result.
"""

import argparse
import csv
import json
import sys
from collections import defaultdict

RELATIVE = 1e-9
WHOLE_UNITS = 1e-3
# A project with one donor has a match of zero, up to the rounding of floats. Amounts have six
# decimals, so 1e-9 of one token is a thousandth of the smallest unit.
ONE_TOKEN = 1.0
FUNDING_FIELDS = ("peer", "votes", "parse_s", "compute_s", "votes_per_cpu_s", "total_matched")


def deviation(left, right, floor):
    """Return the difference of two numbers relative to the largest of them and the floor."""
    difference = abs(left - right)
    return difference / max(abs(left), abs(right), floor) if difference else 0.0


def read_matches(path):
    """Return the matches of a `project,match` file."""
    with open(path, encoding="utf-8", newline="") as file:
        return {row["project"]: float(row["match"]) for row in csv.DictReader(file)}


def compare_matches(paths):
    """Compare every file with the first, project by project; return whether all agree."""
    agree = True
    first = read_matches(paths[0])
    for path in paths[1:]:
        other = read_matches(path)
        if first.keys() != other.keys():
            apart = sorted(first.keys() ^ other.keys())
            print(f"check FAILED: {len(apart)} projects stand in one file only, as {apart[0]}")
            agree = False
            continue
        distance, worst = max(
            (deviation(match, other[project], ONE_TOKEN), project)
            for project, match in first.items()
        )
        verdict = "ok" if distance <= RELATIVE else "FAILED"
        print(
            f"check {verdict}: matches of {len(first)} projects, largest relative difference "
            f"{distance:.1e} ({worst}), allowed {RELATIVE:.0e}"
        )
        agree &= distance <= RELATIVE
    return agree


def compare_field(lines, field):
    """Compare one number over all lines that state it; return whether all agree.

    A line marked `"rounding": "floor"` works on whole base units: its roots are whole numbers too,
    off by up to 1e-3 for one token of six decimals, and up to one unit per project stays in the
    pool. Its bound is 1e-3.
    """
    stated = [line for line in lines if field in line]
    agree = True
    for line in stated[1:]:
        allowed = WHOLE_UNITS if line.get("rounding") == "floor" else RELATIVE
        distance = deviation(stated[0][field], line[field], 0.0)
        if distance > allowed:
            print(
                f"check FAILED: {field} of {line['peer']} is {line[field]!r}, of "
                f"{stated[0]['peer']} {stated[0][field]!r}, allowed difference {allowed:.0e}"
            )
            agree = False
    if agree and len(stated) > 1:
        print(f"check ok: {field} of {', '.join(line['peer'] for line in stated)}")
    return agree


def best_of_runs(lines, key):
    """Return the fastest line of each key in order of first appearance, with all its times."""
    groups = defaultdict(list)
    for line in lines:
        groups[key(line)].append(line)
    return [
        (min(group, key=lambda line: line["compute_s"]), [line["compute_s"] for line in group])
        for group in groups.values()
    ]


def seconds(value):
    """Format a time with three significant digits."""
    return f"{value:.3g}"


def rate(value):
    """Format a rate with three significant digits and a unit."""
    for limit, suffix in ((1e6, " M"), (1e3, " k")):
        if value >= limit:
            return f"{value / limit:.3g}{suffix}"
    return f"{value:.3g}"


def memory(line):
    """Format the peak memory."""
    peak = line.get("peak_rss_mb")
    return "–" if peak is None else f"{peak:.0f}"


def print_table(header, rows):
    """Print a Markdown table; all columns but the first are numbers."""
    print("\n| " + " | ".join(header) + " |")
    print("|---|" + "---:|" * (len(header) - 1))
    for row in rows:
        print("| " + " | ".join(row) + " |")


def print_funding(lines):
    """Print the table of the quadratic funding peers."""
    rows = []
    for line, times in best_of_runs(lines, lambda line: line["peer"]):
        both = line["votes"] / (line["parse_s"] + line["compute_s"])
        rows.append([
            line["peer"], str(line["votes"]), seconds(line["parse_s"]),
            f"{seconds(min(times))} ({seconds(max(times))})", rate(line["votes_per_cpu_s"]),
            rate(both), memory(line),
        ])
    print_table(
        ["quadratic funding", "votes", "parse CPU s", "compute CPU s, best (worst)",
         "votes per CPU s", "with parsing", "peak MB"],
        rows,
    )


def print_cyclic(lines):
    """Print the table of the solvers of cyclic flow."""
    rows = []
    for line, times in best_of_runs(
        lines, lambda line: (line["graph"], line["nodes"], line["peer"])
    ):
        rows.append([
            f"{line['graph']}: {line['peer']}", str(line["nodes"]), str(line["edges"]),
            f"{line['leak']:g}", f"{seconds(min(times))} ({seconds(max(times))})",
            str(line["steps"]), rate(line["edges_per_cpu_s"]), f"{line['residual']:.0e}",
            memory(line),
        ])
    print_table(
        ["cyclic flow", "nodes", "edges", "leak", "compute CPU s, best (worst)", "steps",
         "edges per CPU s", "residual", "peak MB"],
        rows,
    )


def compare_cyclic(lines):
    """Compare the solvers graph by graph; return whether all agree."""
    graphs = defaultdict(list)
    for line, _ in best_of_runs(lines, lambda line: (line["graph"], line["nodes"], line["peer"])):
        graphs[line["graph"], line["nodes"], line["leak"]].append(line)
    return all([
        compare_field(group, field) for group in graphs.values() for field in ("x_sum", "x_norm")
    ])


def print_retro(lines):
    """Print the table of the retro round that is evaluated again and again."""
    rows = []
    for line, times in best_of_runs(lines, lambda line: line["peer"]):
        rows.append([
            line["peer"], str(line["retro_votes"]), str(line["evaluations"]),
            f"{seconds(min(times))} ({seconds(max(times))})", rate(line["evaluations_per_cpu_s"]),
        ])
    print_table(
        ["retro round, bootstrap", "votes", "evaluations", "compute CPU s, best (worst)",
         "evaluations per CPU s"],
        rows,
    )


def read_lines(path):
    """Return the JSON lines of the funding peers, the cyclic solvers and the retro round."""
    funding, cyclic, retro = [], [], []
    with open(path, encoding="utf-8") as file:
        for number, text in enumerate(file, start=1):
            line = json.loads(text)
            if "graph" in line:
                cyclic.append(line)
                continue
            if "retro_votes" in line:
                retro.append(line)
                continue
            missing = [field for field in FUNDING_FIELDS if field not in line]
            if missing:
                sys.exit(f"{path}:{number}: no field {missing[0]} in the line {text.strip()}")
            funding.append(line)
    return funding, cyclic, retro


def main():
    """Check, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lines", help="file of JSON lines")
    parser.add_argument("--matches", nargs="*", default=[], help="project,match files to compare")
    arguments = parser.parse_args()
    funding, cyclic, retro = read_lines(arguments.lines)

    agree = compare_matches(arguments.matches) if len(arguments.matches) > 1 else True
    best = [line for line, _ in best_of_runs(funding, lambda line: line["peer"])]
    for field in ("votes", "total_matched", "match_norm"):
        agree &= compare_field(best, field)
    agree &= compare_cyclic(cyclic)
    if funding:
        print_funding(funding)
    if cyclic:
        print_cyclic(cyclic)
    if retro:
        print_retro(retro)
    if not agree:
        sys.exit("\nThe peers disagree; the times above must not be compared.")


if __name__ == "__main__":
    main()
