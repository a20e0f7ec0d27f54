#!/usr/bin/env python3
"""Compare the scores of cluster match and pairwise bounds, then print the times as Markdown.

Reads JSON lines of `cluster_bench` and `cluster_numpy.py`. Exits with status 1 when peers disagree
by more than 1e-9: a speed means nothing beside a different result.
"""

import json
import sys
from collections import defaultdict

from report import best_of_runs, compare_field, memory, print_table, seconds


def main():
    """Check, then print one table."""
    if len(sys.argv) != 2:
        sys.exit("usage: cluster_report.py LINES.jsonl")
    with open(sys.argv[1], encoding="utf-8") as file:
        lines = [json.loads(text) for text in file]
    best = best_of_runs(lines, lambda line: (line["rule"], line["votes"], line["peer"]))
    groups = defaultdict(list)
    for line, _ in best:
        groups[line["rule"], line["votes"]].append(line)
    agree = True
    for (rule, votes), group in groups.items():
        if len(group) > 1:
            print(f"{rule}, {votes} votes:")
            agree &= all([compare_field(group, field) for field in ("score_sum", "score_norm")])
    print_table(
        ["rule: program", "votes", "parse CPU s", "compute CPU s, best (worst)", "peak MB"],
        [
            [
                f"{line['rule']}: {line['peer']}", str(line["votes"]), seconds(line["parse_s"]),
                f"{seconds(min(times))} ({seconds(max(times))})", memory(line),
            ]
            for line, times in best
        ],
    )
    if not agree:
        sys.exit("\nThe peers disagree; the times above must not be compared.")


if __name__ == "__main__":
    main()
