#!/usr/bin/env python3
"""Write a synthetic quadratic funding round as CSV: voter,project,amount.

The same arguments give the same bytes on every machine and every Python: all draws come from
SplitMix64 and all arithmetic is on integers.

Shape of the round:
* projects follow Zipf's law: project k is chosen in proportion to 1 / k;
* every donor votes at least once, the other votes fall on donors in proportion to
  1 / (rank + donors / 50), so that the busiest donor casts some ten times the mean;
* amounts are heavy-tailed: uniform in one octave from 1.05 tokens, doubled k times with
  probability 2^-(k+1), six decimals;
* some (voter, project) pairs repeat, as they do in real rounds, and rows are in random order.
"""

import argparse
from bisect import bisect_right
from itertools import accumulate

MASK = (1 << 64) - 1
UNITS_PER_TOKEN = 10**6


def splitmix64(seed):
    """Yield 64-bit words of SplitMix64 (Steele, Lea and Flood 2014), seeded with an integer."""
    state = seed & MASK
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        word = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & MASK
        yield word ^ (word >> 31)


def draw_addresses(words, count):
    """Return `count` account addresses of 20 bytes in hexadecimal."""
    return [
        f"0x{next(words):016x}{next(words):016x}{next(words) >> 32:08x}" for _ in range(count)
    ]


def zipf_table(count, offset):
    """Return the running sums of weights 2^40 / (rank + offset), rank from 1."""
    return list(accumulate((1 << 40) // (rank + offset) for rank in range(1, count + 1)))


def shuffle(items, words):
    """Shuffle in place (Fisher and Yates)."""
    for last in range(len(items) - 1, 0, -1):
        other = (next(words) >> 32) * (last + 1) >> 32
        items[last], items[other] = items[other], items[last]


def draw_donors(words, votes, donors):
    """Return the donor index of each vote; every donor occurs."""
    table = zipf_table(donors, donors // 50)
    total = table[-1]
    chosen = list(range(donors))
    for _ in range(votes - donors):
        chosen.append(bisect_right(table, (next(words) >> 32) * total >> 32))
    shuffle(chosen, words)
    return chosen


def draw_amount(word):
    """Return an amount in base units from the low 37 bits of a word."""
    octave = (1 << 20) + ((word >> 17) & 0xFFFFF)
    tail = (word & 0xFFFF) | (1 << 16)
    doublings = (tail & -tail).bit_length() - 1
    return octave << doublings


def vote_lines(votes, donors, projects, seed):
    """Yield the lines of the CSV file, header first."""
    words = splitmix64(seed)
    addresses = draw_addresses(words, donors)
    width = len(str(projects))
    names = [f"p{number:0{width}d}" for number in range(1, projects + 1)]
    shuffle(names, words)
    chosen = draw_donors(words, votes, donors)
    table = zipf_table(projects, 0)
    total = table[-1]
    yield "voter,project,amount\n"
    for donor, word in zip(chosen, words):
        project = bisect_right(table, (word >> 37) * total >> 27)
        tokens, units = divmod(draw_amount(word), UNITS_PER_TOKEN)
        yield f"{addresses[donor]},{names[project]},{tokens}.{units:06d}\n"


def parse_arguments():
    """Read the command line; sizes that make no round are refused."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--votes", type=int, default=1_000_000, help="rows (default 1000000)")
    parser.add_argument("--donors", type=int, help="accounts (default: 148 per 1000 votes)")
    parser.add_argument("--projects", type=int, help="default: votes / 100, at most 1000")
    parser.add_argument("--seed", type=int, default=1, help="seed of the generator (default 1)")
    parser.add_argument("--out", required=True, help="file to write")
    arguments = parser.parse_args()
    if arguments.donors is None:
        arguments.donors = max(1, arguments.votes * 148 // 1000)
    if arguments.projects is None:
        arguments.projects = max(1, min(1000, arguments.votes // 100))
    if not 1 <= arguments.donors <= arguments.votes:
        parser.error(f"--donors {arguments.donors}: allowed are 1 to --votes {arguments.votes}")
    if not 1 <= arguments.projects <= 100_000:
        parser.error(f"--projects {arguments.projects}: allowed are 1 to 100000")
    return arguments


def main():
    """Write the file named on the command line."""
    arguments = parse_arguments()
    with open(arguments.out, "w", encoding="ascii", newline="\n") as file:
        file.writelines(
            vote_lines(arguments.votes, arguments.donors, arguments.projects, arguments.seed)
        )


if __name__ == "__main__":
    main()
