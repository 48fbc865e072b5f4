"""Seeded companies whose truth is known, for what an estimate learns from history."""

from __future__ import annotations

import numpy as np

from solver.estimate import Evidence
from solver.problem import FloatArray
from tests.solver.estimate.company import START, a_company


def a_world(
    index: FloatArray,
    *,
    potential: FloatArray | None = None,
    beta: float = 1.0,
    length: int = 12,
    forecast: float | None = 1e6,
) -> Evidence:
    """A company whose log indices, (blocks, n) newest first, are these, month by month."""
    blocks, n = index.shape
    ids = [f"r{rep:03d}" for rep in range(n)]
    size = np.ones(n) if potential is None else (potential / potential.mean()) ** beta
    sold = size * np.exp(index) * 1000.0
    history = [
        (ids[rep], START - 1 - block * length - month, float(sold[block, rep]))
        for block in range(blocks)
        for rep in range(n)
        for month in range(length)
    ]
    told = {} if potential is None else dict(zip(ids, potential.tolist(), strict=True))
    return a_company(ids, history=history, length=length, forecast=forecast, potential=told)


def random_walks(seed: int, blocks: int, n: int, step: float) -> FloatArray:
    """Indices that wander: what the next will be, only the last one tells."""
    steps = np.random.default_rng(seed).normal(0.0, step, (blocks, n))
    return np.cumsum(steps, axis=0)[::-1].copy()


def noise_around(seed: int, blocks: int, level: FloatArray, spread: float) -> FloatArray:
    """Indices that only ever swing around a level of their own."""
    generator = np.random.default_rng(seed)
    return level + generator.normal(0.0, spread, (blocks, len(level)))


def levels(seed: int, n: int, spread: float) -> FloatArray:
    return np.random.default_rng(seed).normal(0.0, spread, n)
