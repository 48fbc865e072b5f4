"""Assess: how even is a plan, for whom is it harder, and what can these people show at all?

    association.py   correlation and difference of means with p, interval, power; Holm's correction
    inequality.py    spread of a figure; Gini, Jain, Theil between and within units
    people.py        the reps of one plan, as they are measured
    report.py        before the period: effort, growth, chances, and what was known before it
    review.py        after the period: attainment, and the same questions again
    cohorts.py       groups that an auditor names, small ones suppressed
    four_fifths.py   the ratio of shares attaining, and how often it alarms for nothing
    chart.py         the figures behind the charts

A figure here says how even quotas are in one stated sense, in this plan, for these people. It does
not say why, and what it does not show may still be there: every comparison tells the smallest
effect that so few people can show.
"""

from solver.assess.association import ALPHA, Comparison
from solver.assess.chart import Box, Chart, Cloud, chart
from solver.assess.cohorts import Audit, AuditTable, GroupFigures, audit, banded
from solver.assess.four_fifths import FourFifths
from solver.assess.inequality import Inequality, Spread
from solver.assess.people import People
from solver.assess.report import Far, Report, assess
from solver.assess.review import Mean, Review, Share

__all__ = [
    "ALPHA",
    "Audit",
    "AuditTable",
    "Box",
    "Chart",
    "Cloud",
    "Comparison",
    "Far",
    "FourFifths",
    "GroupFigures",
    "Inequality",
    "Mean",
    "People",
    "Report",
    "Review",
    "Share",
    "Spread",
    "assess",
    "audit",
    "banded",
    "chart",
]
