"""Expected sales from three years of months: ours, and the same formulas in plain pandas."""

from __future__ import annotations

import numpy as np

from benchmarks.answer import Answer
from benchmarks.histories import BETA, PERIOD, RAMP, RHO, START, WEIGHTS, Histories, parameters


def learned(case: Histories) -> Answer:
    """FairQuota, everything learned from the history, the company's total included."""
    from solver.estimate import estimate

    return Answer(estimate(case.evidence(forecast=None)).baseline)


def given(case: Histories) -> Answer:
    """FairQuota with the parameters and the company's total given."""
    from solver.estimate import estimate

    return Answer(estimate(case.evidence(forecast=case.forecast), parameters()).baseline)


def by_pandas(case: Histories) -> Answer:
    """The same figures as `given`, as one writes them down in pandas.

    It does without what this case does not need: absences, windfalls, territories, potentials that
    are not to be believed, reps without history, and checks of the input.
    """
    import pandas as pd

    mean = case.potential.mean()
    reps = pd.DataFrame({"weight": mean * (case.potential / mean) ** BETA, "hired": case.hired})
    rows = pd.DataFrame({"rep": case.rep, "month": case.month, "actual": case.actual})
    rows = rows.join(reps, on="rep")
    rows["there"] = ((rows["month"] - rows["hired"] + 0.5) / RAMP).clip(0, 1)
    rows["present"] = rows["weight"] * rows["there"]
    months = rows.groupby("month")[["actual", "present"]].sum()
    rows["typical"] = rows["present"] * rows["month"].map(months["actual"] / months["present"])
    rows["block"] = (START - 1 - rows["month"]) // PERIOD
    cells = rows.groupby(["block", "rep"])[["actual", "typical", "there"]].sum()
    cells = cells[cells["there"] >= PERIOD / 4]
    cells["r"] = np.log(np.maximum(cells["actual"] / cells["typical"], 0.02))
    cells["weighted"] = cells["r"] * cells["typical"]
    blocks = cells.groupby("block")[["weighted", "typical"]].sum()
    centre = blocks["weighted"] / blocks["typical"]
    cells["r"] -= centre.reindex(cells.index, level="block")
    r = cells.pivot_table("r", "rep", "block").reindex(reps.index, columns=range(3))
    other = RHO * r.bfill(axis=1)[0].fillna(0)
    ages = (r[0], r[[1, 2]].mean(axis=1), other)
    index = np.exp(sum(w * age.fillna(other) for w, age in zip(WEIGHTS, ages, strict=True)))
    strength = reps["weight"] * index
    ramp = np.mean(
        [((START + k - reps["hired"] + 0.5) / RAMP).clip(0, 1) for k in range(PERIOD)], axis=0
    )
    return Answer(np.asarray(case.forecast * strength / strength.sum() * ramp, dtype=float))
