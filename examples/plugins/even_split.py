#!/usr/bin/env python3
"""Divides all money evenly among the payees: a neuron in 20 lines.

One question on standard input, one answer on standard output. Amounts are
texts of digits in base units; Python's integers hold them exactly.
"""
import json
import sys

question = json.load(sys.stdin)
payees = sorted(question["payees"])
payouts = []
for asset, amount in sorted(question["available"].items()):
    each, left = divmod(int(amount), len(payees))
    for place, payee in enumerate(payees):
        share = each + (1 if place < left else 0)
        payouts.append({"to": payee, "asset": asset, "amount": str(share)})

turns = (question["state"] or {"turns": 0})["turns"] + 1
json.dump({"payouts": payouts, "state": {"turns": turns}}, sys.stdout)
