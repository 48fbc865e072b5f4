"""A builder of evidence: a test names what it is about, everything else is unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from solver.estimate import (
    ALWAYS,
    NOBODY,
    UNTIL_FURTHER_NOTICE,
    Absences,
    Estimate,
    Evidence,
    Holdings,
    SalesHistory,
    estimate,
)

START = 2027 * 12
"""The plans of the tests start in January 2027."""

type Actual = tuple[str, int, float]
"""Rep or territory, month, amount; of absences the part of the month."""


@dataclass(frozen=True)
class Holding:
    territory: str
    rep: str
    share: float = 1.0
    first: int = ALWAYS
    last: int = UNTIL_FURTHER_NOTICE


def year(who: str, year: int, total: float) -> list[Actual]:
    """Twelve even months that sum to `total`."""
    return [(who, year * 12 + month, total / 12) for month in range(12)]


def month(year: int, month: int) -> int:
    return year * 12 + month - 1


def a_company(
    reps: Iterable[str],
    *,
    history: Iterable[Actual] = (),
    territories: Mapping[str, float] | None = None,
    holdings: Iterable[Holding] = (),
    start: int = START,
    length: int = 12,
    forecast: float | None = None,
    target: float | None = None,
    absences: Iterable[Actual] = (),
    **columns: Mapping[str, float],
) -> Evidence:
    """Evidence from names; `columns` maps reps to figures, e.g. `potential={"ada": 100}`."""
    ids, places = tuple(reps), tuple(territories or {})
    rows, held, away = list(history), list(holdings), list(absences)
    defaults = {"fte": 1.0, "in_seat": 1.0}
    names = ("baseline", "reach", "potential", "capacity", "last_year", "fte", "in_seat", "hired")
    facts: dict[str, Any] = {
        name: np.array([columns.get(name, {}).get(r, defaults.get(name, np.nan)) for r in ids])
        for name in names
    }
    return Evidence(
        rep_ids=ids,
        start=start,
        end=start + length,
        **facts,
        territory_ids=places,
        territory_potential=np.array([(territories or {})[t] for t in places], float),
        holdings=Holdings(
            territory=np.array([places.index(h.territory) for h in held], int),
            rep=np.array([ids.index(h.rep) for h in held], int),
            share=np.array([h.share for h in held], float),
            first=np.array([h.first for h in held], int),
            last=np.array([h.last for h in held], int),
        ),
        history=SalesHistory(
            rep=np.array([ids.index(w) if w in ids else NOBODY for w, _, _ in rows], int),
            territory=np.array(
                [places.index(w) if w in places else NOBODY for w, _, _ in rows], int
            ),
            month=np.array([m for _, m, _ in rows], int),
            actual=np.array([a for _, _, a in rows], float),
        ),
        absences=Absences(
            rep=np.array([ids.index(w) for w, _, _ in away], int),
            month=np.array([m for _, m, _ in away], int),
            share=np.array([share for _, _, share in away], float),
        ),
        forecast=forecast,
        target=target,
    )


def baselines(evidence: Evidence) -> dict[str, float]:
    return dict(zip(evidence.rep_ids, estimate(evidence).baseline.tolist(), strict=True))


def basis_of(evidence: Evidence, rep: str) -> str:
    return estimate(evidence).basis[evidence.rep_ids.index(rep)]


def rep_of(answer: Estimate, evidence: Evidence, rep: str) -> int:
    assert len(answer) == len(evidence)
    return evidence.rep_ids.index(rep)
