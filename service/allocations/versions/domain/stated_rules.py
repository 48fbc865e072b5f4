"""The rules of a proof's rows, compared with those of the policy in its manifest.

Of a parity the tolerance and the even shares are compared; who belongs to a peer group only the
inputs tell. Of a margin floor the reps are those of the unit; margins are the inputs', too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from service.allocations.versions.domain.document import Manifest, QuotaRow, UnitRow
from solver.certificate import Certificate
from solver.coupling import Coupling, around, even_shares
from solver.fairness import Scale
from solver.problem import UNLIMITED, IntArray

_OTHER = "the rules across the units are not those of the policy"


def other_rules(
    manifest: Manifest, plan: Certificate, units: Sequence[UnitRow], quotas: Sequence[QuotaRow]
) -> Iterator[str]:
    """A sentence for every rule whose rows say something else than the policy does."""
    policy = manifest["policy"]
    wanted = {
        *(f"group:{group['id']}" for group in policy.get("groups", [])),
        *(f"margin:{floor['id']}" for floor in policy.get("margin_floors", [])),
        *(f"row:{row['id']}" for row in policy.get("rows", [])),
        *(f"parity:{rule['cohort']}" for rule in policy.get("parity", [])),
    }
    if plan.across is None:
        yield from [_OTHER] if wanted else []
        return
    if wanted != set(plan.across.coupling.name):
        yield _OTHER
        return
    rules = _Rules(manifest, plan, plan.across.coupling, units, quotas)
    for name in (*rules.other_amounts(), *rules.other_parities()):
        yield f"{name} is not what the policy says"


@dataclass(frozen=True)
class _Rules:
    """The rules as the policy states them, beside the rows that the certificate holds."""

    manifest: Manifest
    plan: Certificate
    coupling: Coupling
    units: Sequence[UnitRow]
    quotas: Sequence[QuotaRow]

    def other_amounts(self) -> Iterator[str]:
        """The groups, margin floors and own rows that differ."""
        policy = self.manifest["policy"]
        for group in policy.get("groups", []):
            name, reps = f"group:{group['id']}", dict.fromkeys(group["reps"], 1.0)
            if not self._is(name, reps, group["min"], group["max"]):
                yield name
        for row in policy.get("rows", []):
            name, terms = f"row:{row['id']}", row["coefficients"]
            own = {rep: size for rep, size in terms.items() if size != 0}
            if not self._is(name, own, row["min"], row["max"]):
                yield name
        for floor in policy.get("margin_floors", []):
            name = f"margin:{floor['id']}"
            stated = self._terms(name)
            inside = stated.keys() <= self._reps_of(floor["unit"])
            margins = all(abs(margin) <= 1 for margin in stated.values())
            if not (inside and margins and self._is(name, stated, floor["min"], None)):
                yield name

    def other_parities(self) -> Iterator[str]:
        """The parities whose limits are not around the even shares of their peers."""
        scale = Scale(self.plan.anchor, self.plan.yardstick)
        for rule in self.manifest["policy"].get("parity", []):
            name = f"parity:{rule['cohort']}"
            moved = self._moved.get(name, rule["tolerance"])
            tolerance = np.inf if moved is None else moved
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

    def _is(
        self, name: str, terms: dict[str, float], least: float | None, most: float | None
    ) -> bool:
        """Whether a rule of one row has these terms, and these limits unless they gave way."""
        k = self.coupling.name.index(name)
        least = self._moved.get(f"{name}:min", least)
        most = self._moved.get(f"{name}:max", most)
        limits = (-UNLIMITED if least is None else least, UNLIMITED if most is None else most)
        return self._terms(name) == terms and self._limits(k) == limits

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

    @cached_property
    def _moved(self) -> dict[str, float | None]:
        """The limits of rules that gave way: by the policy's own word, then by the solver's."""
        asked = self.manifest["policy"].get("relax", [])
        return {relax["rule"]: relax["to"] for relax in (*asked, *self.manifest.get("relaxed", []))}
