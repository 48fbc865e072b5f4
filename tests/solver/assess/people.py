"""Seeded companies for tests of assessments: nothing in them depends on anything else."""

from __future__ import annotations

from typing import Any

import numpy as np

from solver.assess import People


def ids(n: int) -> list[str]:
    return [f"r{number:06d}" for number in range(n)]


def shuffled(n: int, seed: int) -> People:
    """Reps whose quotas, sales and traits were dealt out to them by chance."""
    rng = np.random.default_rng(seed)
    baseline = rng.lognormal(4, 0.6, n)
    quota = baseline * rng.lognormal(0.1, 0.1, n)
    held = rng.random(n) < 0.7  # most stand at the common stretch
    return People.of(
        ids(n),
        unit=rng.integers(0, max(1, n // 8), n),
        quota=quota,
        baseline=baseline,
        stretch=np.where(held, 0.8, rng.normal(0.8, 0.3, n)),
        effort=np.where(held, 1.0, rng.normal(1.0, 0.3, n)),
        probability=rng.uniform(0.3, 0.7, n),
        potential=rng.lognormal(6, 0.8, n),
        size=rng.lognormal(4, 0.6, n),
        tenure=rng.integers(1, 120, n).astype(float),
        standing=rng.lognormal(0, 0.2, n),
        actual=quota * rng.lognormal(-0.03, 0.25, n),
    )


def a_team(n: int = 4, **columns: Any) -> People:
    """Everybody expects 100, has a quota of 110, and nothing else is known."""
    full = {"quota": [110.0] * n, "baseline": [100.0] * n, "stretch": [0.5] * n}
    return People.of(ids(n), **full | {"effort": [1.0] * n} | columns)


def halves(n: int, first: int | None = None, names: tuple[str, str] = ("F", "M")) -> dict[str, str]:
    """The first reps (half of them unless told) in one group, the others in the other."""
    cut = n // 2 if first is None else first
    return {rep: names[place >= cut] for place, rep in enumerate(ids(n))}
