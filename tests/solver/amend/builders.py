"""Plans that stand, as small as the tests need them, and random ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from solver.amend import Standing
from solver.hierarchy import lay_out
from solver.problem import UNLIMITED
from tests.solver.builders import a_problem
from tests.solver.drawing import one_of


def standing(
    reps: Mapping[str, Mapping[str, Any]],
    units: Mapping[str, Mapping[str, Any]] | None = None,
    increment: int = 1,
) -> tuple[Standing, dict[str, int], dict[str | None, int]]:
    """A plan from rows by id (`quota`, `unit`, `floor`, `cap`), the places of its reps, and the
    nodes of its units; None is the company.
    """
    units = units or {}
    problem = a_problem(
        1, {rep: {"unit": row.get("unit")} for rep, row in reps.items()},
        {unit: {"parent": row.get("parent")} for unit, row in units.items()},
    )  # fmt: skip
    h = lay_out(problem)
    ids = [problem.reps.ids[row] for row in h.rep_row.tolist()]
    names = [None, *(problem.units.ids[row] for row in h.unit_row[1:].tolist())]
    found = Standing(
        hierarchy=h,
        quota=np.array([reps[rep]["quota"] for rep in ids]),
        floor=np.array([reps[rep].get("floor", 0) for rep in ids]),
        cap=np.array([reps[rep].get("cap", UNLIMITED) for rep in ids]),
        unit_min=np.array([units[name].get("min", 0) if name else 0 for name in names]),
        unit_max=np.array([units[name].get("max", UNLIMITED) if name else 0 for name in names]),
        increment=increment,
    )
    return (
        found,
        {rep: place for place, rep in enumerate(ids)},
        {name: node for node, name in enumerate(names)},
    )


def told(plan: Standing, places: Mapping[str, int], quota: Any = None) -> dict[str, int]:
    """Quotas by rep."""
    amounts: Sequence[int] = (plan.quota if quota is None else quota).tolist()
    return {rep: amounts[place] for rep, place in sorted(places.items())}


FROM_NOTHING_ON = st.integers(0, 60)


@st.composite
def plans(
    draw: st.DrawFn, increments: st.SearchStrategy[int] = FROM_NOTHING_ON
) -> tuple[Standing, dict[str, int], dict[str | None, int]]:
    """Up to ten reps in up to four units of any tree, inside and beyond their limits; quotas are
    about so many `increments`.
    """
    increment = draw(one_of(1, 10))
    units: dict[str, dict[str, Any]] = {}
    for k in range(draw(st.integers(0, 4))):
        units[f"u{k}"] = {"parent": draw(one_of(None, *units))}
    reps: dict[str, dict[str, Any]] = {}
    for k in range(draw(st.integers(2, 10))):
        quota = increment * draw(increments) + draw(one_of(0, 0, 0, 3))
        floor = max(0, quota - draw(st.integers(-5, 300)))
        cap = draw(st.one_of(st.just(UNLIMITED), st.integers(floor, quota + 300).map(int)))
        unit = draw(one_of(None, *units))
        reps[f"r{k}"] = {"quota": quota, "floor": floor, "cap": max(cap, floor), "unit": unit}
    for row in units.values():
        if draw(st.booleans()):
            row["min"] = draw(st.integers(0, 200))
            row["max"] = row["min"] + draw(st.integers(0, 400))
    return standing(reps, units, increment)
