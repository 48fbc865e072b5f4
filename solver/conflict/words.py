"""The sentence about a rule across the tree that the other rules do not allow."""

from __future__ import annotations

import numpy as np

from solver.coupled.coupling import Coupling
from solver.infeasibility import Rule, Words


def about_a_row(coupling: Coupling, rule: Rule, needed: float, others: str) -> Words:
    """What the rule of a row says, and what the `others` leave possible instead.

    `needed`: in the row's own money, or as a tolerance; infinite where no statable limit would do,
    nan where it is unknown.
    """
    kind, _, key = rule.name.partition(":")
    if kind == "parity":
        return _about_a_parity(key, rule.value, needed, others)
    name, _, end = rule.name.rpartition(":")
    key, least, k = key.removesuffix(f":{end}"), end == "min", coupling.name.index(name)
    reps = int(coupling.start[k + 1] - coupling.start[k])
    subject, said, whose = {
        "group": (f"Group {key}", ("must carry at least ", "may carry at most "), _reps(reps)),
        "margin": (f"Margin floor {key}", ("asks for at least ", ""), "the margin"),
        "row": (f"Row {key}", ("must be at least ", "may be at most "), "it"),
    }[kind]
    verb = " carry" if kind == "group" else " be"
    start = (f"{subject} {said[not least]}", int(rule.value))
    if np.isnan(needed):
        return (*start, f", but {others} do not allow it.")
    if np.isinf(needed):
        beyond = "the margin is a loss" if kind == "margin" else "no amount would do"
        return (*start, f", but with {others} {beyond}.")
    possible = f"can{verb} at most " if least else f"must{verb} at least "
    return (*start, f", but with {others} {whose} {possible}", int(needed), ".")


def about_a_torn_row(least: Rule, most: Rule) -> Words:
    """A rule whose own minimum lies above its own maximum."""
    kind, _, key = least.name.removesuffix(":min").partition(":")
    start = f"{kind.capitalize()} {key} must be at least "
    return (start, int(least.value), ", but may be at most ", int(most.value), ".")


def _reps(count: int) -> str:
    return f"its {count:,} reps" if count > 1 else "its only rep"


def _about_a_parity(cohort: str, tolerance: float, needed: float, others: str) -> Words:
    start = f"Peer groups of {cohort} may stand at most {_percent(tolerance)} from their even share"
    if np.isnan(needed):
        return (f"{start}, but {others} do not allow it.",)
    if np.isinf(needed):
        return (f"{start}, but with {others} no such limit is wide enough for all of them.",)
    return (f"{start}, but with {others} one must stand at least {_percent(needed)} from it.",)


def _percent(share: float) -> str:
    return f"{100 * share:.4f}".rstrip("0").rstrip(".") + " %"
