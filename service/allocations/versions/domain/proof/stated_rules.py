"""The rules of a proof's rows, compared with those of the policy in its manifest.

Of a parity the tolerance and the even shares are compared; who belongs to a peer group only the
inputs tell. Of a margin floor the reps are those of the unit; margins are the inputs', too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from service.allocations.versions.domain.written.manifest import Manifest
from service.allocations.versions.domain.written.rows import QuotaRow, UnitRow
from solver.allocation import Allocation
from solver.coupled.coupling import Coupling, even_lines
from solver.fairness import Scale
from solver.problem import UNLIMITED

_OTHER = "the rules across the units are not those of the policy"

type _Limits = tuple[float | None, float | None]


def other_rules(
    manifest: Manifest, plan: Allocation, units: Sequence[UnitRow], quotas: Sequence[QuotaRow]
) -> Iterator[str]:
    """A sentence for every rule whose rows say something else than the policy does."""
    policy = _Asked(manifest)
    if plan.coupling is None:
        yield from [_OTHER] if policy.names else []
        return
    if policy.names != set(plan.coupling.name):
        yield _OTHER
        return
    for name, peers in zip(plan.coupling.name, plan.coupling.peers, strict=True):
        if (peers is not None) != name.startswith("parity:"):
            yield f"rules.{name}.peers says {peers}, and peer groups are those of a parity"
    rules = _Rules(policy, plan.coupling, units, quotas)
    for name in (*rules.other_amounts(), *rules.other_parities(plan.assigned)):
        yield f"{name} is not what the policy says"


def with_tolerances(manifest: Manifest, coupling: Coupling, scale: Scale) -> Coupling:
    """The rules with what their parities are made from: the policy's tolerance, and the even shares
    on `scale`. Rows hold limits alone.
    """
    tolerance, even = coupling.tolerance.copy(), coupling.even.copy()
    for name, part in _Asked(manifest).parities:
        rows = np.array([k for k, of in enumerate(coupling.name) if of == name], dtype=np.int64)
        if len(rows):
            tolerance[rows] = part
            even[rows] = even_lines([coupling.members(k) for k in rows.tolist()], scale)
    return replace(coupling, tolerance=tolerance, even=even)


class _Asked:
    """The rules of the policy once those have given way of which the document says so."""

    def __init__(self, manifest: Manifest) -> None:
        policy = manifest["policy"]
        moved = [*policy.get("relax", []), *manifest.get("relaxed", [])]
        self._moved = {relax["rule"]: relax["to"] for relax in moved}
        self.fairness = policy["fairness"]
        rows = [*policy.get("rows", []), *manifest.get("part_rules", [])]
        self.groups = [
            (name, dict.fromkeys(group["reps"], 1.0), limits)
            for name, group, limits in self._limited("group", policy.get("groups", []), lowest=0)
        ]
        self.own_rows = [
            (name, {rep: size for rep, size in row["coefficients"].items() if size}, limits)
            for name, row, limits in self._limited("row", rows)
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

    def other_parities(self, total: int) -> Iterator[str]:
        """The parities whose limits are not around the even shares of their peers."""
        even = self.coupling.at(total)
        for name, _ in self.policy.parities:
            rows = [k for k, of in enumerate(self.coupling.name) if of == name]
            together = np.concatenate([self.coupling.members(k) for k in rows])
            if not (
                len(rows) > 1
                and len(np.unique(together)) == len(together)
                and self.coupling.whole[rows].all()
                and np.array_equal(even.min[rows], self.coupling.min[rows])
                and np.array_equal(even.max[rows], self.coupling.max[rows])
            ):
                yield name

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
        reps = [self.quotas[place]["rep"] for place in self.coupling.members(k).tolist()]
        return dict(zip(reps, sizes, strict=True))

    def _limits(self, k: int) -> tuple[int, int]:
        return int(self.coupling.min[k]), int(self.coupling.max[k])

    def _reps_of(self, unit: str | None) -> set[str]:
        """Everybody below a unit; None is the company."""
        below = {unit} if unit is None or any(row["id"] == unit for row in self.units) else set()
        for row in self.units:  # parents first
            if row["parent"] in below:
                below.add(row["id"])
        return {row["rep"] for row in self.quotas if row["unit"] in below}
