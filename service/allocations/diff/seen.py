"""What of a difference somebody sees: each version by the caller's own sight of it.

Who left the caller's units is gone, and who came into them is new, as far as the caller is told.
What a reason says of units, reps and rules outside is told as "something outside of what you may
see".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from service.allocations.diff.domain.causes import Cause
from service.allocations.diff.domain.reasons import NAMED, Reasons
from service.allocations.diff.domain.sides import Change, Row, Side, in_order
from service.allocations.diff.domain.words import consequence_words
from service.plans.sight import Sight

CONSEQUENCE: Final = "consequence"
_HUNG: Final = "Unit {unit} hangs elsewhere, outside of what you may see."
_CROSSED: Final = "The rep came from, or went, outside of what you may see."


@dataclass(frozen=True, slots=True)
class Told:
    """The reasons of a change as a caller reads them: stable names, and as many sentences."""

    reasons: tuple[str, ...]
    why: tuple[str, ...]
    follows_from: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Seen:
    """The changes of two versions that somebody sees."""

    sights: tuple[Sight, Sight]
    sides: tuple[Side, Side]
    found: Sequence[Change]
    """Every row of the chunks that differ."""

    @cached_property
    def changes(self) -> list[Change]:
        """Those that are seen, on the sides on which they are."""
        projected = (self._projected(change) for change in self.found if change.is_seen)
        return in_order((each for each in projected if each.before or each.after), *self.sides)

    @property
    def unchanged(self) -> int:
        """How many quotas of the later version are seen and as before."""
        sight = self.sights[1]
        if sight.rep is not None:
            rows = 1
        else:
            listed = self.sides[1].manifest["quotas"]
            rows = sum(chunk["rows"] for chunk in listed if sight.sees_rep(_anybody(chunk)))
        return rows - sum(change.after is not None for change in self.changes)

    @property
    def units(self) -> Iterator[tuple[str, int | None, int | None]]:
        """The units whose sum changed, and those that are in one version only; parents first."""
        before, after = self.sides
        for unit in dict.fromkeys((*after.unit, *before.unit)):
            one, other = (
                row["quota"] if sight.sees_unit(unit) and (row := side.unit.get(unit)) else None
                for side, sight in zip((before, after), self.sights, strict=True)
            )
            if one != other:
                yield unit, one, other

    def told(self, change: Change, why: Reasons) -> Told:
        """`change`: one of `changes`."""
        own = [self._in_sight(cause) for cause in why.own if self._sees_cause(cause)]
        if change.rep in self._crossing:
            moving = (c.reason for c in own if c.reason.startswith(("input:unit", "event:")))
            own = [Cause(reason, _CROSSED) for reason in moving]
        hidden = len(own) < len(why.own)
        others = [label for label in why.follows_from or () if self._sees_label(label)]
        hidden |= len(others) < len(why.follows_from or ())
        reasons = tuple(cause.reason for cause in own)
        sentences = tuple(cause.why for cause in own)
        if why.follows_from is None and (own or not hidden):
            return Told(reasons, sentences)
        named = tuple(others[:NAMED])
        words = consequence_words(named, len(others[NAMED:]), hidden=hidden)
        return Told((*reasons, CONSEQUENCE), (*sentences, words), named)

    def _projected(self, change: Change) -> Change:
        before, after = (
            row if row is not None and sight.sees_rep(row) else None
            for row, sight in zip((change.before, change.after), self.sights, strict=True)
        )
        return replace(change, before=before, after=after)

    @cached_property
    def _crossing(self) -> frozenset[str]:
        """Reps who are in both versions and seen in one."""
        whole = {change.rep: change for change in self.found}
        return frozenset(
            change.rep
            for change in self.changes
            if (change.before is None, change.after is None)
            != (whole[change.rep].before is None, whole[change.rep].after is None)
        )

    @cached_property
    def _reps(self) -> frozenset[str]:
        return frozenset(change.rep for change in self.changes)

    def _sees_cause(self, cause: Cause) -> bool:
        kind, _, name = cause.reason.partition(":")
        if kind == "policy":
            return self._sees_parameter(name)
        return cause.unit is None or self._sees_unit(cause.unit)

    def _in_sight(self, cause: Cause) -> Cause:
        """The same without the names of units above the caller's own."""
        if cause.unit is None or cause.reason != f"input:unit:{cause.unit}:parent":
            return cause
        rows = (side.unit.get(cause.unit) for side in self.sides)
        parents = {row["parent"] for row in rows if row is not None} - {None}
        if all(self._sees_unit(parent) for parent in parents):
            return cause
        return replace(cause, why=_HUNG.format(unit=cause.unit))

    def _sees_label(self, label: str) -> bool:
        kind, _, name = label.partition(":")
        match kind:
            case "rep":
                return name in self._reps
            case "unit":
                return self._sees_unit(name)
            case "policy":
                return self._sees_parameter(name)
            case _:
                return True

    def _sees_unit(self, unit: str) -> bool:
        return any(sight.sees_unit(unit) for sight in self.sights)

    def _sees_parameter(self, name: str) -> bool:
        return all(name in sight.of_policy({name: None}) for sight in self.sights)


def _anybody(chunk: Row) -> Row:
    """Somebody of whom the rows of a chunk are."""
    return {"rep": None, "unit": chunk["unit"]}
