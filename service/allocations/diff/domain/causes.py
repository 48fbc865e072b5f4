"""What was changed between two versions, by where it acts: on a rep, on a unit, on the company."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from service.allocations.diff.domain.facts import FactsChange, Values
from service.allocations.diff.domain.measured import Moved
from service.allocations.diff.domain.policies import PolicyChange
from service.allocations.diff.domain.sides import Change, Row, Side
from service.allocations.diff.domain.words import field_words, policy_words, unit_words

KINDS: Final = {
    "adj": "adjustment",
    "chg": "change-request",
    "clo": "closed-months",
    "evt": "event",
    "imp": "import",
    "rpr": "repair",
}
"""How a reason begins whose reference has this prefix."""


_SAME_LEVEL: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that differs. `reason` is stable, `why` a sentence about it."""

    reason: str
    why: str
    unit: str | None = None
    """Whose limits it is about; only those who may see the unit are told."""


@dataclass(frozen=True, eq=False)
class Causes:
    """Everything that differs between two versions and can move quotas."""

    before: Side
    after: Side
    facts: FactsChange | None
    """None: both have the same inputs."""
    policies: PolicyChange
    digits: int

    def of_rep(self, change: Change, moved: Moved | None) -> list[Cause]:
        """What of the rep's own moved what the solver found; `moved`: None for somebody who is in
        one of the two only.
        """
        if change.before is None or change.after is None or moved is None:
            return [*self._come_or_gone(change)]
        found = [*self._lock(change.rep)]
        for name, values in self.facts.of_rep(change.rep).items() if self.facts else ():
            if self._counts(name, values, moved):
                found.append(Cause(f"input:{name}", field_words(name, values, self.digits)))
        found += [self._policy(name) for name in self.policies.acts_on(change.rep, moved)]
        if moved.by_estimates:
            found += self._of_estimates()
        return found

    def of_unit(self, unit: str) -> list[Cause]:
        """What of the unit's own limits, or its place, differs and is felt."""
        rows = self.before.unit.get(unit), self.after.unit.get(unit)
        told = self.facts.of_unit(unit) if self.facts else {}
        if rows[0] is None or rows[1] is None:
            words = unit_words(unit, next(iter(told), ""), None, 0)
            return [Cause(f"input:unit:{unit}", words, unit)]
        found = []
        felt = self._felt((rows[0], rows[1]))
        for name, values in told.items():
            below = name == "over_assignment" and self._limits_differ
            if name == "parent" or felt or below:
                words = unit_words(unit, name, values, self.digits)
                found.append(Cause(f"input:unit:{unit}:{name}", words, unit))
        if felt and self.policies.acts_on_unit(unit):
            found.append(self._policy("relax"))
        frozen = [_frozen(side, unit) for side in (self.before, self.after)]
        if frozen[0] != frozen[1]:
            what = "is frozen" if frozen[1] is not None else "is not frozen any more"
            found.append(Cause(f"freeze:{unit}", f"What unit {unit} carries {what}.", unit))
        return found

    def of_company(self) -> list[Cause]:
        """What acts on everybody."""
        found = []
        for name, values in self.facts.of_company.items() if self.facts else ():
            if name != "forecast":
                found.append(Cause(f"input:{name}", field_words(name, values, self.digits)))
        found += [self._policy(name) for name in self.policies.acts_on_all()]
        manifests = self.before.manifest, self.after.manifest
        for name, reason, words in (
            ("increment", "plan:increment", "The plan's rounding unit was changed."),
            ("engine_version", "engine", "They were solved by two versions of the engine."),
        ):
            if manifests[0].get(name) != manifests[1].get(name):
                found.append(Cause(reason, words))
        return found

    def _of_estimates(self) -> Iterator[Cause]:
        """What everybody's expected sales are estimated with."""
        company = self.facts.of_company if self.facts else {}
        if "forecast" in company:
            words = field_words("forecast", company["forecast"], self.digits)
            yield Cause("input:forecast", words)
        if self.before.manifest.get("period") != self.after.manifest.get("period"):
            yield Cause("plan:period", "The plan's period was changed.")

    def _come_or_gone(self, change: Change) -> Iterator[Cause]:
        told = self.facts.of_rep(change.rep) if self.facts else {}
        for name, values in told.items():
            yield Cause(f"input:{name}", field_words(name, values, self.digits))

    def _lock(self, rep: str) -> Iterator[Cause]:
        before, after = self.before.locks.get(rep), self.after.locks.get(rep)
        if (before and before["quota"]) == (after and after["quota"]):
            return
        lock: Row = after or before or {}
        words = "The quota is locked." if after else "The lock of the quota was released."
        yield Cause(reason_of(lock["reference"]), words)

    def _counts(self, name: str, values: Values, moved: Moved) -> bool:
        if name == "unit":
            return True
        if name == "margin":
            return any(side.policy("margin_floors") for side in (self.before, self.after))
        if name == "cohorts":
            return any(side.policy("parity") for side in (self.before, self.after))
        return moved.reached_by(name, values, self.digits)

    def _felt(self, rows: tuple[Row, Row]) -> bool:
        """Whether a limit of the unit differs that holds it in either version."""
        differs = any(rows[0][end] != rows[1][end] for end in ("min", "max"))
        sides = zip((self.before, self.after), rows, strict=True)
        return differs and any(_is_held(side, row) for side, row in sides)

    @property
    def _limits_differ(self) -> bool:
        return any(
            (row["min"], row["max"]) != (other["min"], other["max"])
            for unit, row in self.after.unit.items()
            if (other := self.before.unit.get(unit)) is not None
        )

    def _policy(self, name: str) -> Cause:
        return Cause(f"policy:{name}", policy_words(name, *self.policies.told(name)))


def reason_of(reference: str) -> str:
    """`change-request:chg_…`; what a unit solved inside its envelope is called by the unit."""
    kind = KINDS.get(reference.partition("_")[0])
    return f"{kind}:{reference}" if kind else f"unit-solve:{reference}"


def ledger_causes(change: Change, sides: tuple[Side, Side]) -> tuple[list[Cause], tuple[str, ...]]:
    """The amendments of a rep's row that only one of the versions has, or with another amount; and
    for whom the rep carries a part of them, as `rep:r1`.
    """
    told = [
        _entries(row, side) for row, side in zip((change.before, change.after), sides, strict=True)
    ]
    found, follows = [], list[tuple[str, ...]]()
    for reference in dict.fromkeys((*told[0], *told[1])):
        if told[0].get(reference) != told[1].get(reference):
            gone = reference not in told[1]
            words = _words_of(reference, sides)
            if carried := _carried_for(change, reference, sides):
                words = f"a part of {words}"
                follows.append(carried)
            words = f"No more {words}" if gone else f"{words[0].upper()}{words[1:]}"
            found.append(Cause(reason_of(reference), words))
    return found, one_after_another(follows)


def one_after_another(labels: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Each label once; a single list as it is, which many changes may have in common."""
    return labels[0] if len(labels) == 1 else tuple(dict.fromkeys(chain.from_iterable(labels)))


def _carried_for(change: Change, reference: str, sides: tuple[Side, Side]) -> tuple[str, ...]:
    """Whom the amendments are about of which this row carries a part; nobody where they are about
    the rep as well, or tell no one. One decision is an amendment in each unit that funds it.
    """
    parts = [
        (side, number)
        for row, side in zip((change.before, change.after), sides, strict=True)
        for number, *_ in (row or {}).get("amended", ())
        if side.references[number] == reference
    ]
    if any(change.rep in side.about[number] for side, number in parts):
        return ()
    return one_after_another([side.about_labels[number] for side, number in parts])


def _entries(row: Row | None, side: Side) -> dict[str, int]:
    """What each amendment changed of a row, by its reference."""
    own: dict[str, int] = {}
    for number, amount, *_ in (row or {}).get("amended", ()):
        reference = side.references[number]
        own[reference] = own.get(reference, 0) + amount
    return own


_KIND_WORDS: Final = {
    "adjustment": "a manual adjustment",
    "change_request": "a granted change request",
    "closed_months": "what is in force in months that are closed",
    "event": "a change of people or territories",
    "import": "imported from the planner's own plan",
    "repair": "the smallest change that keeps all limits",
    "unit_solve": "solved inside the unit's envelope",
}


def _words_of(reference: str, sides: tuple[Side, Side]) -> str:
    kind = next(side.kinds[reference] for side in sides if reference in side.kinds)
    return f"{_KIND_WORDS[kind]} ({reference})."


def _is_held(side: Side, unit: Row) -> bool:
    """Whether the unit stands at a limit, or away from the level of what is above it."""
    above = side.unit.get(unit["parent"])
    level = side.manifest["level"] if above is None else above["level"]
    away = abs(unit["level"] - level) > _SAME_LEVEL * max(abs(level), abs(unit["level"]))
    return away or unit["quota"] in {unit["min"], unit["max"]}


def _frozen(side: Side, unit: str) -> int | None:
    listed = side.manifest.get("frozen", ())
    return next((each["amount"] for each in listed if each["unit"] == unit), None)
