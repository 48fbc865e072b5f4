"""The rules of a proof's rows, compared with those of the policy in its manifest.

Of a parity the tolerance and the even shares are compared; who belongs to a peer group only the
inputs tell. Of a margin floor the reps are those of the unit; margins are the inputs', too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from service.allocations.versions.domain.document import Manifest, QuotaRow, UnitRow
from service.allocations.versions.domain.stated_figures import STANDS_IN
from solver.certificate import Certificate
from solver.coupling import Coupling, around, even_shares
from solver.fairness import Scale
from solver.problem import UNLIMITED, FloatArray, IntArray

_OTHER = "the rules across the units are not those of the policy"

type _Limits = tuple[float | None, float | None]


def other_rules(
    manifest: Manifest, plan: Certificate, units: Sequence[UnitRow], quotas: Sequence[QuotaRow]
) -> Iterator[str]:
    """A sentence for every rule whose rows say something else than the policy does."""
    policy = _Asked(manifest)
    if plan.across is None:
        yield from [_OTHER] if policy.names else []
        return
    if policy.names != set(plan.across.coupling.name):
        yield _OTHER
        return
    rules = _Rules(policy, plan, plan.across.coupling, units, quotas)
    for name in (*rules.other_amounts(), *rules.other_parities()):
        yield f"{name} is not what the policy says"


class _Asked:
    """The rules of the policy once those have given way of which the document says so."""

    def __init__(self, manifest: Manifest) -> None:
        policy = manifest["policy"]
        moved = [*policy.get("relax", []), *manifest.get("relaxed", [])]
        self._moved = {relax["rule"]: relax["to"] for relax in moved}
        self.fairness = policy["fairness"]
        self.groups = [
            (name, dict.fromkeys(group["reps"], 1.0), limits)
            for name, group, limits in self._limited("group", policy.get("groups", []), lowest=0)
        ]
        self.own_rows = [
            (name, {rep: size for rep, size in row["coefficients"].items() if size}, limits)
            for name, row, limits in self._limited("row", policy.get("rows", []))
        ]
        self.margins = [
            (name, floor["unit"], limits)
            for name, floor, limits in self._limited("margin", policy.get("margin_floors", []))
        ]
        tolerances = [
            (name := f"parity:{rule['cohort']}", self._moved.get(name, rule["tolerance"]))
            for rule in policy.get("parity", [])
        ]
        self.parities = [(name, part) for name, part in tolerances if part is not None]

    def _limited(
        self, kind: str, rules: Sequence[Any], lowest: float | None = None
    ) -> Iterator[tuple[str, Any, _Limits]]:
        """Names, rules and limits; a rule that is left with none is no rule any more."""
        for rule in rules:
            name = f"{kind}:{rule['id']}"
            least = self._moved.get(f"{name}:min", rule["min"])
            most = self._moved.get(f"{name}:max", rule.get("max"))
            if (least, most) != (lowest, None):
                yield name, rule, (least, most)

    @property
    def names(self) -> set[str]:
        rules: list[tuple[Any, ...]] = [
            *self.groups, *self.own_rows, *self.margins, *self.parities,
        ]  # fmt: skip
        return {rule[0] for rule in rules}


@dataclass(frozen=True)
class _Rules:
    """The rules as the policy states them, beside the rows that the certificate holds."""

    policy: _Asked
    plan: Certificate
    coupling: Coupling
    units: Sequence[UnitRow]
    quotas: Sequence[QuotaRow]

    def other_amounts(self) -> Iterator[str]:
        """The groups, margin floors and own rows that differ."""
        for name, terms, limits in (*self.policy.groups, *self.policy.own_rows):
            if not self._is(name, terms, limits):
                yield name
        for name, unit, limits in self.policy.margins:
            stated = self._terms(name)
            inside = stated.keys() <= self._reps_of(unit)
            margins = all(abs(margin) <= 1 for margin in stated.values())
            if not (inside and margins and self._is(name, stated, limits)):
                yield name

    def other_parities(self) -> Iterator[str]:
        """The parities whose limits are not around the even shares of their peers."""
        scale = Scale(self.plan.anchor, self._own_yardsticks())
        for name, tolerance in self.policy.parities:
            rows = [k for k, of in enumerate(self.coupling.name) if of == name]
            members = [self._entries(k) for k in rows]
            together = np.concatenate(members)
            limits = [
                around(share, tolerance)
                for share in even_shares(members, self.plan.total, scale).tolist()
            ]
            if not (
                len(rows) > 1
                and len(np.unique(together)) == len(together)
                and self.coupling.whole[rows].all()
                and limits == [self._limits(k) for k in rows]
            ):
                yield name

    def _own_yardsticks(self) -> FloatArray:
        """(n,) without what stands for none where the rules could not hold otherwise."""
        yardstick = self.plan.yardstick
        column = {"equal_stretch": "reach", "equal_growth": "baseline"}.get(self.policy.fairness)
        rows: Sequence[Any] = self.quotas
        named = np.array([row[column] if column else 0.0 for row in rows], dtype=np.float64)
        return np.where(yardstick <= STANDS_IN * yardstick.mean(), named, yardstick)

    def _is(self, name: str, terms: dict[str, float], limits: _Limits) -> bool:
        """Whether a rule of one row has these terms and limits."""
        least, most = limits
        wanted = (-UNLIMITED if least is None else least, UNLIMITED if most is None else most)
        k = self.coupling.name.index(name)
        return self._terms(name) == terms and self._limits(k) == wanted

    def _terms(self, name: str) -> dict[str, float]:
        k = self.coupling.name.index(name)
        entries = slice(*self.coupling.start[k : k + 2])
        sizes = self.coupling.coefficient[entries].tolist()
        reps = [self.quotas[place]["rep"] for place in self._entries(k).tolist()]
        return dict(zip(reps, sizes, strict=True))

    def _entries(self, k: int) -> IntArray:
        return self.coupling.rep[self.coupling.start[k] : self.coupling.start[k + 1]]

    def _limits(self, k: int) -> tuple[int, int]:
        return int(self.coupling.min[k]), int(self.coupling.max[k])

    def _reps_of(self, unit: str | None) -> set[str]:
        """Everybody below a unit; None is the company."""
        below = {unit} if unit is None or any(row["id"] == unit for row in self.units) else set()
        for row in self.units:  # parents first
            if row["parent"] in below:
                below.add(row["id"])
        return {row["rep"] for row in self.quotas if row["unit"] in below}
