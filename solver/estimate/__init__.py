"""Estimate: what would each rep sell at normal effort, and how much more is within reach?

    evidence.py      what is known: reps, territories and their holders, sales history
    history.py       whose sales they are, and the blocks of months they are compared in
    benchmark.py     what a typical rep with the same potential sells
    credibility.py   how far a rep's own sales count: w1 of the last period, w2 of the two before, …
    reach.py         what a rep can plausibly add
    estimator.py     the recipe: calls the above from top to bottom
    result.py        the answer and its explanation

One sentence a rep understands: your expected sales are .45 of the last period, .30 of the two
before and .15 of the older ones, each measured against what a rep with your potential sold in the
same months; the rest of the weight is on that benchmark. (Without potentials .98 instead of .90
of the weight is on the own sales.)
"""

from solver.estimate.estimator import estimate
from solver.estimate.evidence import (
    ALWAYS,
    NOBODY,
    UNTIL_FURTHER_NOTICE,
    Evidence,
    Holdings,
    SalesHistory,
)
from solver.estimate.result import Basis, Block, Component, Estimate, Parameters, TotalSource

__all__ = [
    "ALWAYS",
    "NOBODY",
    "UNTIL_FURTHER_NOTICE",
    "Basis",
    "Block",
    "Component",
    "Estimate",
    "Evidence",
    "Holdings",
    "Parameters",
    "SalesHistory",
    "TotalSource",
    "estimate",
]
