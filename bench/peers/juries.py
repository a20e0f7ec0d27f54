"""Fits juries with published libraries and prints their errors beside ours.

usage: juries.py FOLDER SEEDS

FOLDER holds, for scenario i and seed s, the answers i-s.csv (juror, left, right, right_wins), the
truth i-s.truth (the scenario's name, then one log weight a line) and ours.csv (scenario, seed,
method, tau, rmse). Every library runs with its own defaults; scikit-learn with C = 10 000, as good
as no penalty, with C = 1, which is the prior that the truth is drawn from, and with the C that its
own cross-validation chooses.
"""

import csv
import math
import sys
import warnings
from collections import defaultdict
from pathlib import Path

import choix
import crowdkit.aggregation
import evalica
import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.stats import kendalltau
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV

OURS = "allonet reliability"


def choix_methods(items, answers):
    wins = [
        (int(right), int(left)) if won else (int(left), int(right))
        for _, left, right, won in answers
    ]
    return {
        "choix mm": lambda: choix.mm_pairwise(items, wins),
        "choix opt": lambda: choix.opt_pairwise(items, wins),
        "choix ilsr": lambda: choix.ilsr_pairwise(items, wins),
        "choix lsr": lambda: choix.lsr_pairwise(items, wins),
        "choix rank centrality": lambda: choix.rank_centrality(items, wins),
    }


def evalica_methods(items, answers):
    left, right = answers[:, 1].tolist(), answers[:, 2].tolist()
    winners = [evalica.Winner.Y if won else evalica.Winner.X for won in answers[:, 3]]

    def scores(method):
        return method(left, right, winners).scores.reindex(range(items))

    def odds():
        rates = scores(evalica.average_win_rate).clip(1e-3, 1 - 1e-3).to_numpy()
        return np.log(rates / (1 - rates))

    return {
        "evalica bradley_terry": lambda: np.log(scores(evalica.bradley_terry)),
        "evalica newman": lambda: np.log(scores(evalica.newman)),
        # 400 points are a factor of ten.
        "evalica elo": lambda: scores(evalica.elo) * math.log(10) / 400,
        "evalica pagerank": lambda: np.log(scores(evalica.pagerank)),
        "evalica average_win_rate": odds,
    }


def crowdkit_methods(items, answers):
    names = np.array([f"item {item:05}" for item in range(items)])
    frame = pd.DataFrame(
        {
            "worker": answers[:, 0],
            "left": names[answers[:, 1]],
            "right": names[answers[:, 2]],
            "label": names[np.where(answers[:, 3] == 1, answers[:, 2], answers[:, 1])],
        }
    )

    def plain():
        scores = crowdkit.aggregation.BradleyTerry(n_iter=100).fit_predict(frame)
        return np.log(scores.reindex(names))

    def noisy():
        scores = crowdkit.aggregation.NoisyBradleyTerry().fit_predict(frame)
        return scores.reindex(names)

    return {"crowd-kit BradleyTerry": plain, "crowd-kit NoisyBradleyTerry": noisy}


def sklearn_methods(items, answers):
    count = len(answers)
    rows = np.repeat(np.arange(count), 2)
    signs = np.tile([1.0, -1.0], count)
    design = csr_matrix((signs, (rows, answers[:, [2, 1]].ravel())), shape=(count, items))
    won = answers[:, 3]

    def fitted(model):
        return model.fit(design, won).coef_[0]

    return {
        "scikit-learn C=1e4": lambda: fitted(LogisticRegression(C=1e4, fit_intercept=False)),
        "scikit-learn C=1": lambda: fitted(LogisticRegression(fit_intercept=False)),
        "scikit-learn C by CV": lambda: fitted(
            LogisticRegressionCV(
                Cs=10, cv=5, fit_intercept=False, scoring="neg_log_loss",
                l1_ratios=(0.0,), use_legacy_attributes=False,
            )
        ),
    }


def errors(truth, found):
    found = np.asarray(found, dtype=float)
    if not np.isfinite(found).all():
        raise ValueError("not finite")
    difference = (found - found.mean()) - (truth - truth.mean())
    return kendalltau(truth, found).statistic, math.sqrt((difference**2).mean())


def scenarios(folder, seeds):
    """Name, errors by method and seed, and what failed, of each scenario."""
    ours = defaultdict(lambda: defaultdict(dict))
    with open(folder / "ours.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found = float(row["tau"]), float(row["rmse"])
            ours[row["scenario"]][row["method"]][int(row["seed"])] = found
    for at, (scenario, results) in enumerate(ours.items()):
        failures = defaultdict(list)
        for seed in range(seeds):
            lines = (folder / f"{at}-{seed}.truth").read_text(encoding="utf-8").splitlines()
            if lines[0] != scenario:
                raise ValueError(f"{at}-{seed}.truth is of {lines[0]!r}, not of {scenario!r}")
            truth = np.array([float(line) for line in lines[1:]])
            answers = np.loadtxt(folder / f"{at}-{seed}.csv", delimiter=",", skiprows=1, dtype=int)
            for library in (choix_methods, evalica_methods, crowdkit_methods, sklearn_methods):
                for method, fit in library(len(truth), answers).items():
                    try:
                        results[method][seed] = errors(truth, fit())
                    except (ValueError, RuntimeError, np.linalg.LinAlgError) as error:
                        failures[method].append(f"seed {seed}: {error}")
        yield scenario, results, failures


def mean(values):
    values = np.array(values)
    error = values.std(ddof=1) / math.sqrt(len(values)) if len(values) > 1 else float("nan")
    return values.mean(), error


def report(scenario, results, failures, seeds):
    print(f"\n### {scenario}\n")
    print("| method | Kendall τ ± s.e. | RMSE ± s.e. | ours − it: τ | ours − it: RMSE | juries |")
    print("|---|---|---|---|---|---|")
    ours = results[OURS]
    for method, by_seed in sorted(results.items(), key=lambda entry: mean_rmse(entry[1])):
        cells = [method]
        for k in (0, 1):
            value, error = mean([pair[k] for pair in by_seed.values()])
            cells.append(f"{value:.3f} ± {error:.3f}")
        for k in (0, 1):
            value, error = mean([ours[seed][k] - by_seed[seed][k] for seed in by_seed])
            cells.append("–" if method == OURS else f"{value:+.4f} ± {error:.4f}")
        print("| " + " | ".join(cells) + f" | {len(by_seed)} of {seeds} |")
    for method, messages in failures.items():
        print(f"\n{method} failed {len(messages)} times: {messages[0]}")
    sys.stdout.flush()


def mean_rmse(by_seed):
    return mean([rmse for _, rmse in by_seed.values()])[0]


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    np.seterr(all="ignore")
    count = int(sys.argv[2])
    for found in scenarios(Path(sys.argv[1]), count):
        report(*found, count)
