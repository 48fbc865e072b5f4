"""Estimate: what would each rep sell at normal effort, and how much more is within reach?

    evidence.py      what is known: reps, territories and their holders, sales history, absences
    history.py       whose sales they are, and the blocks of months they are compared in
    windfalls.py     single deals that are too large a part of a year
    ramp.py          what somebody new in the seat sells
    newcomers.py     how long that lasts, learned from those who were new once
    availability.py  who was there in which month: leave, days before hiring, ramp
    benchmark.py     what a typical rep with the same potential sells
    credibility.py   how far a rep's own sales count: w1 of the last period, w2 of the two before, …
    learning.py      beta, rho and w, learned from the company's own history where it is long enough
    company.py       what the company as a whole will sell
    reach.py         what a rep can plausibly add
    uncertainty.py   how far off such estimates were before
    estimator.py     the recipe: calls the above from top to bottom
    result.py        the answer and its explanation

One sentence a rep understands: your expected sales are w1 of the last period, w2 of the two before
and w3 of the older ones, each measured against what a rep with your potential sold in the same
months; the rest of the weight is on that benchmark. The w are .45, .30 and .15 (without potentials
.98 instead of .90 in all) until the company's own history says better.
"""

from solver.estimate.estimator import estimate
from solver.estimate.evidence import (
    ALWAYS,
    NOBODY,
    UNTIL_FURTHER_NOTICE,
    Absences,
    Evidence,
    Holdings,
    SalesHistory,
)
from solver.estimate.result import Basis, Block, Component, Estimate, Parameters, TotalSource
from solver.estimate.windfalls import Windfall

__all__ = [
    "ALWAYS",
    "NOBODY",
    "UNTIL_FURTHER_NOTICE",
    "Absences",
    "Basis",
    "Block",
    "Component",
    "Estimate",
    "Evidence",
    "Holdings",
    "Parameters",
    "SalesHistory",
    "TotalSource",
    "Windfall",
    "estimate",
]
