#!/usr/bin/env python3
"""Worked examples for the programs in this folder: `.venv/bin/python -m unittest`."""

import contextlib
import hashlib
import io
import json
import tempfile
import unittest
from pathlib import Path

import numpy as np
import pandas as pd

import cluster_numpy
import cyclic_scipy
import make_votes
import optimism_networkx
import qf_sparse_numpy
import report
import retro_pandas
import weights_peers


class Votes(unittest.TestCase):
    def test_generator_words_are_the_published_ones(self):
        words = make_votes.splitmix64(1234567)
        self.assertEqual([next(words), next(words)], [6457827717110365317, 3203168211198807973])

    def test_same_arguments_same_bytes(self):
        text = "".join(make_votes.vote_lines(10_000, 1_480, 100, 1)).encode("ascii")
        self.assertEqual(
            hashlib.sha256(text).hexdigest(),
            "adedc02522b3921e8b636b02d80ec7dbcee4352e1808bba247b3c8a1a73f496a",
        )
        other = "".join(make_votes.vote_lines(10_000, 1_480, 100, 2)).encode("ascii")
        self.assertNotEqual(text, other)

    def test_every_donor_votes(self):
        rows = list(make_votes.vote_lines(500, 74, 5, 3))[1:]
        self.assertEqual(len(rows), 500)
        self.assertEqual(len({row.split(",")[0] for row in rows}), 74)


class Funding(unittest.TestCase):
    # Project 0: donors of 1 and 4 + 5 give (1 + 3)^2 - 10 = 6. Project 1: one donor gives 0.
    VOTERS = np.array([0, 1, 1, 0])
    PROJECTS = np.array([0, 0, 0, 1])
    AMOUNTS = np.array([1.0, 4.0, 5.0, 16.0])

    def match(self, pool):
        return qf_sparse_numpy.linear_qf(self.VOTERS, self.PROJECTS, self.AMOUNTS, pool).tolist()

    def test_votes_of_one_voter_are_added_before_the_root(self):
        self.assertEqual(self.match(1000.0), [6.0, 0.0])

    def test_scaled_down_to_the_pool(self):
        self.assertEqual(self.match(3.0), [3.0, 0.0])


class Retro(unittest.TestCase):
    def test_frame_and_arrays_agree(self):
        voters, projects, amounts = retro_pandas.votes()
        self.assertEqual(len(amounts), 950)
        frame = retro_pandas.pd.DataFrame(
            {"voter": voters, "project": projects, "amount": amounts}
        )
        for copies in retro_pandas.samples(5):
            arrays = retro_pandas.pay_arrays(voters, projects, amounts, copies)
            np.testing.assert_allclose(retro_pandas.pay_frame(frame, copies), arrays, rtol=1e-9)
            self.assertAlmostEqual(arrays.sum(), retro_pandas.POOL, places=6)


class Clusters(unittest.TestCase):
    # Both give 1 to x; the one gives 1 to y as well, the other to z: k = 1/8, so that
    # P_yz = P_zy = 7/8 * 1/2, and the score of x is twice that.
    VOTES = pd.DataFrame({
        "voter": ["a", "a", "b", "b"],
        "project": ["x", "y", "x", "z"],
        "amount": [1.0, 1.0, 1.0, 1.0],
    })

    def test_two_sides_of_one_project(self):
        for (rule, way), (to_table, score) in cluster_numpy.RULES.items():
            if rule == "cocm":
                np.testing.assert_allclose(score(to_table(self.VOTES)), [0.875, 0.0, 0.0],
                                           atol=1e-15, err_msg=way)

    def test_one_pair_of_voters(self):
        # Roots 1 * 1 in x alone: 1 * 0.01 / 1.01.
        for (rule, way), (to_table, score) in cluster_numpy.RULES.items():
            if rule == "pairwise":
                np.testing.assert_allclose(score(to_table(self.VOTES)), [0.01 / 1.01, 0.0, 0.0],
                                           atol=1e-15, err_msg=way)


class Cyclic(unittest.TestCase):
    # Node 0 forwards half to 1 and 1 forwards half to 0: x0 = 1 + x1 / 2, x1 = x0 / 2.
    MATRIX = cyclic_scipy.transposed(np.array([0, 1]), np.array([1, 0]), np.array([0.5, 0.5]), 2)
    INFLOW = np.array([1.0, 0.0])

    def test_every_method_solves_a_cycle_of_two(self):
        for name, solve in cyclic_scipy.METHODS.items():
            x, _ = solve(self.MATRIX, self.INFLOW)
            np.testing.assert_allclose(x, [4 / 3, 2 / 3], rtol=1e-11, err_msg=name)

    def test_array_generator_equals_the_scalar_one(self):
        words = make_votes.splitmix64(7)
        self.assertEqual(
            cyclic_scipy.splitmix64_words(7, 5).tolist(), [next(words) for _ in range(5)]
        )

    def test_random_graph_forwards_all_but_the_leak(self):
        sources, targets, weights, _ = cyclic_scipy.random_graph(50, 0.15, 1)
        np.testing.assert_allclose(np.bincount(sources, weights=weights), 0.85, rtol=1e-14)
        self.assertTrue(0 <= targets.min() and targets.max() < 50)

    def test_node_without_links_keeps_everything(self):
        graph = {
            "nodes": [{"id": "a", "level": 1}, {"id": "b", "level": 2}],
            "links": [{"source": "a", "target": "b"}],
        }
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "graph.json")
            path.write_text(json.dumps(graph), encoding="utf-8")
            sources, targets, weights, inflow = cyclic_scipy.read_graph(path, 0.2)
        self.assertEqual((sources.tolist(), targets.tolist()), ([0], [1]))
        self.assertEqual((weights.tolist(), inflow.tolist()), ([0.8], [1.0, 0.0]))


class Optimism(unittest.TestCase):
    def test_the_cap_is_filled_and_the_minimum_drops(self):
        limits = {
            "budget": 100.0, "max_share_per_project": 0.4, "min_amount_per_project": 10.0,
        }
        scores = pd.Series({"a": 0.6, "b": 0.25, "c": 0.1, "d": 0.05})
        paid = optimism_networkx.allocate(scores, limits)
        self.assertEqual(paid.to_dict(), {"a": 40.0, "b": 40.0, "c": 20.0, "d": 0.0})

    def test_standing_is_a_part_of_all(self):
        table = pd.DataFrame({"project_id": ["a", "b"], "gas": [0.0, 9.0], "same": [1.0, 1.0]})
        trust = optimism_networkx.standing(table, {"gas": 1.0, "same": 2.0, "absent": 5.0})
        np.testing.assert_allclose(trust[["a", "b"]], [1 / 3, 2 / 3])


class Weights(unittest.TestCase):
    WINNERS, LOSERS = np.array([0, 0, 0, 1, 1, 2]), np.array([1, 1, 1, 0, 2, 1])
    # Three to one, and one to one.
    EXPECTED = np.log([3.0, 1.0, 1.0]) - np.log(3.0) / 3

    def test_a_file_is_read_as_it_was_written(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "duels.bin")
            weights_peers.write(path, 3, self.WINNERS, self.LOSERS)
            items, winners, losers = weights_peers.read(path)
        self.assertEqual(items, 3)
        np.testing.assert_array_equal(winners, self.WINNERS)
        np.testing.assert_array_equal(losers, self.LOSERS)

    def test_peers_find_the_odds(self):
        for name in ("choix mm", "choix ilsr", "choix opt", "evalica bradley_terry",
                     "scikit-learn lbfgs"):
            prepare, fit, *_ = weights_peers.PEERS[name]
            found = weights_peers.centred(fit(prepare(3, self.WINNERS, self.LOSERS)))
            np.testing.assert_allclose(found, self.EXPECTED, atol=2e-3, err_msg=name)

    def test_nothing_pulls_at_the_maximum(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "duels.bin")
            weights_peers.write(path, 3, self.WINNERS, self.LOSERS)
            self.assertLess(weights_peers.largest_pull(path, self.EXPECTED), 1e-15)
            self.assertGreater(weights_peers.largest_pull(path, self.EXPECTED * 1.1), 1e-3)


class Report(unittest.TestCase):
    def setUp(self):
        self.enterContext(contextlib.redirect_stdout(io.StringIO()))

    def test_deviation_has_a_floor(self):
        self.assertEqual(report.deviation(0.0, 1e-12, 1.0), 1e-12)
        self.assertEqual(report.deviation(0.0, 1e-12, 0.0), 1.0)
        self.assertEqual(report.deviation(1.0, 2.0, 0.0), 0.5)

    def test_different_matches_are_found(self):
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder, name) for name in ("a", "b", "c")]
            for path, match in zip(paths, ("5.0", "5.000000001", "5.1")):
                path.write_text(f"project,match\nx,{match}\n", encoding="utf-8")
            self.assertTrue(report.compare_matches(paths[:2]))
            self.assertFalse(report.compare_matches([paths[0], paths[2]]))

    def test_whole_units_have_a_wider_bound(self):
        exact = {"peer": "exact", "match_norm": 1.0001}
        lines = [{"peer": "float", "match_norm": 1.0}, exact]
        self.assertFalse(report.compare_field(lines, "match_norm"))
        exact["rounding"] = "floor"
        self.assertTrue(report.compare_field(lines, "match_norm"))


if __name__ == "__main__":
    unittest.main()
