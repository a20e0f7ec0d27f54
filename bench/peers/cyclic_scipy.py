#!/usr/bin/env python3
"""Time x = b + W'x, money flowing through a graph with cycles, with numpy and scipy.

W[i, j] is the share of its inflow that node i forwards to node j; the rest, the leak, stays at i.
x is the inflow of every node. All flow ends somewhere, so the kept amounts add up to b; the
program checks that to 1e-9 and fails otherwise.

The random graph is made from integers and can be built elsewhere without a file. Edge k of node i
(k < 10) takes the word SplitMix64(seed, 10 i + k): its high 32 bits w give the target
(w * nodes) >> 32, its low 16 bits plus 1 the raw weight. The raw weights of a node are scaled to
add up to 1 - leak. Every hundredth node from 0 receives 1. Self-loops and double edges stay.

With --graph FILE the graph is a node-link JSON file instead (`links` from dependent `source` to
dependency `target`): equal weights, a node without links keeps everything, and the nodes of
level 1 share an inflow of 1.

`assemble_s` is from the edge list to the matrix, `solve_s` from the matrix to x.
"""

import argparse
import json
import sys

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from measure import Stopwatch, peak_rss_mb, print_report

EDGES_PER_NODE = 10
TOLERANCE = 1e-12


def splitmix64_words(seed, count):
    """Return the first `count` words of SplitMix64 (Steele, Lea and Flood 2014)."""
    state = np.arange(1, count + 1, dtype=np.uint64)
    state *= np.uint64(0x9E3779B97F4A7C15)
    state += np.uint64(seed)
    state ^= state >> np.uint64(30)
    state *= np.uint64(0xBF58476D1CE4E5B9)
    state ^= state >> np.uint64(27)
    state *= np.uint64(0x94D049BB133111EB)
    state ^= state >> np.uint64(31)
    return state


def random_graph(nodes, leak, seed):
    """Return sources, targets, weights and the inflow vector b of the random graph."""
    words = splitmix64_words(seed, nodes * EDGES_PER_NODE)
    targets = (((words >> np.uint64(32)) * np.uint64(nodes)) >> np.uint64(32)).astype(np.int32)
    raw = (words & np.uint64(0xFFFF)).astype(np.float64).reshape(nodes, EDGES_PER_NODE) + 1.0
    raw *= (1.0 - leak) / raw.sum(axis=1, keepdims=True)
    sources = np.repeat(np.arange(nodes, dtype=np.int32), EDGES_PER_NODE)
    inflow = np.zeros(nodes)
    inflow[::100] = 1.0
    return sources, targets, raw.ravel(), inflow


def read_graph(path, leak):
    """Return sources, targets, weights and the inflow vector b of a node-link JSON file."""
    with open(path, encoding="utf-8") as file:
        graph = json.load(file)
    number = {node["id"]: index for index, node in enumerate(graph["nodes"])}
    sources = np.array([number[link["source"]] for link in graph["links"]], dtype=np.int32)
    targets = np.array([number[link["target"]] for link in graph["links"]], dtype=np.int32)
    links = np.bincount(sources, minlength=len(number))
    inflow = np.array([float(node["level"] == 1) for node in graph["nodes"]])
    return sources, targets, (1.0 - leak) / links[sources], inflow / inflow.sum()


def transposed(sources, targets, weights, nodes):
    """Return W' with the edges into a node side by side."""
    return sparse.coo_array((weights, (targets, sources)), shape=(nodes, nodes)).tocsr()


def solve_direct(matrix, inflow):
    """Sparse LU (SuperLU)."""
    system = sparse.eye_array(len(inflow), format="csc") - matrix.tocsc()
    return linalg.spsolve(system, inflow), 1


def solve_dense(matrix, inflow):
    """Dense LU (LAPACK)."""
    return np.linalg.solve(np.eye(len(inflow)) - matrix.toarray(), inflow), 1


def solve_power(matrix, inflow):
    """Repeat x = b + W'x until the change in one step is below the tolerance."""
    x = inflow
    limit = TOLERANCE * inflow.sum()
    for step in range(1, 100_001):
        following = inflow + matrix @ x
        change = np.abs(following - x).sum()
        x = following
        if change <= limit:
            return x, step
    raise ArithmeticError(f"no fixed point after {step} steps: the leak is too small")


def solve_gmres(matrix, inflow):
    """Restarted GMRES without a preconditioner."""
    steps = 0

    def count(_):
        nonlocal steps
        steps += 1

    size = len(inflow)
    system = linalg.LinearOperator((size, size), matvec=lambda x: x - matrix @ x, dtype=float)
    x, status = linalg.gmres(
        system, inflow, rtol=TOLERANCE, restart=30, maxiter=1000, callback=count,
        callback_type="pr_norm",
    )
    if status != 0:
        raise ArithmeticError(f"GMRES stopped after {steps} steps without reaching {TOLERANCE}")
    return x, steps


METHODS = {
    "spsolve": solve_direct,
    "dense": solve_dense,
    "power": solve_power,
    "gmres": solve_gmres,
}


def time_method(method, edges, leak, name):
    """Solve once, check that nothing is lost and print the JSON line."""
    sources, targets, weights, inflow = edges
    nodes = len(inflow)
    with Stopwatch() as assemble:
        matrix = transposed(sources, targets, weights, nodes)
    with Stopwatch() as solve:
        x, steps = METHODS[method](matrix, inflow)

    kept = 1.0 - np.bincount(sources, weights=weights, minlength=nodes)
    lost = float(np.dot(kept, x) / inflow.sum() - 1.0)
    if not abs(lost) <= 1e-9:
        sys.exit(f"{method}: kept amounts differ from the inflow by {lost:.3e} of it")
    residual = np.abs(inflow + matrix @ x - x).sum() / inflow.sum()
    compute_s = assemble.cpu_s + solve.cpu_s
    print_report(
        peer=f"scipy {method}" if method != "dense" else "numpy dense",
        graph=name,
        nodes=nodes,
        edges=len(weights),
        leak=leak,
        assemble_s=assemble.cpu_s,
        solve_s=solve.cpu_s,
        compute_s=compute_s,
        compute_wall_s=assemble.wall_s + solve.wall_s,
        steps=steps,
        edges_per_cpu_s=len(weights) / compute_s,
        residual=float(residual),
        peak_rss_mb=peak_rss_mb(),
        x_sum=float(x.sum()),
        x_norm=float(np.linalg.norm(x)),
    )


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--method", required=True, choices=list(METHODS))
    parser.add_argument("--nodes", type=int, default=100_000, help="nodes of the random graph")
    parser.add_argument("--leak", type=float, default=0.15, help="share every node keeps")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random graph")
    parser.add_argument("--graph", help="node-link JSON file instead of the random graph")
    arguments = parser.parse_args()
    if not 0.0 < arguments.leak < 1.0:
        parser.error(f"--leak {arguments.leak}: allowed is more than 0 and less than 1")
    if not 1 <= arguments.nodes <= 2**31 - 1:
        parser.error(f"--nodes {arguments.nodes}: allowed are 1 to 2147483647")
    return arguments


def main():
    """Build the graph, then time one method: one process per method keeps peak memory apart."""
    arguments = parse_arguments()
    if arguments.graph:
        edges, name = read_graph(arguments.graph, arguments.leak), "deep-funding"
    else:
        edges, name = random_graph(arguments.nodes, arguments.leak, arguments.seed), "random"
    time_method(arguments.method, edges, arguments.leak, name)


if __name__ == "__main__":
    main()
