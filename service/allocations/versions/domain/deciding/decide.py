"""A decision about quotas that stand, and the ledger that comes of it.

Who is changed, to what, and who funds it come in; who carries what, and a longer ledger, go out.
The replay that proves a ledger makes it as well (`Book.after`), so that whatever is decided
here is what a stranger finds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np

from service.allocations.versions.domain.deciding.amendable import Amendable
from service.allocations.versions.domain.deciding.decision import (
    Decision,
    NotCarried,
    Refusal,
    Refused,
    Wanted,
)
from service.allocations.versions.domain.ledger.beyond import beyond
from service.allocations.versions.domain.ledger.named import Change
from service.allocations.versions.domain.written.document import UnreadableProof
from service.allocations.versions.domain.written.manifest import (
    AmendmentPart,
    FrozenPart,
    Manifest,
    carried_of,
)
from solver.amend import CARRYING, Amendment, CannotCarry, one_decision
from solver.conflict.names import Names as RuleNames
from solver.infeasibility import Rule
from solver.problem import IntArray

_OF_THE_OWN_UNIT: Final = frozenset({"adjustment", "change_request"})
"""Kinds of decisions that the unit funds where the rep works by then. Events say of which unit they
are."""


def decide(before: Amendable, decision: Decision) -> Amendable:
    """The version once this is decided. Raises `Refused` with every reason, and `NotCarried`."""
    after = _Deciding(before, decision).found()
    if reasons := [*_broken(before, after, decision)]:
        raise Refused(reasons)
    return after


@dataclass(frozen=True, slots=True, eq=False)
class _Deciding:
    """One decision on its way into the ledger."""

    before: Amendable
    decision: Decision

    def found(self) -> Amendable:
        reasons = [*self._odd_wishes()]
        if reasons:
            raise Refused(reasons)
        names = self.before.names
        first_open = names.first_open(self.decision.effective)
        wanted = {names.rep[own.rep]: self._placed(own, first_open) for own in self.decision.wanted}
        after = self.before
        for amendment in self._amendments(wanted):
            own = {place: wanted[place] for place in amendment.wanted}
            after = self._entered(after, amendment, own, first_open)
        return self._kept(after, wanted)

    def _odd_wishes(self) -> Iterator[Refusal]:
        names, seen = self.before.names, set[str]()
        try:
            first_open = names.first_open(self.decision.effective)
        except UnreadableProof as reason:
            yield Refusal((str(reason),))
            return
        bounds, quota = self.before.everybody.bounds, self.before.book.quota
        ends = np.minimum(bounds.lowest, quota), np.maximum(bounds.highest, quota)
        for own in self.decision.wanted:
            place = names.rep.get(own.rep)
            if own.rep in seen:
                yield Refusal(("stands twice",), own.rep)
            elif place is None:
                yield Refusal(("has no quota in this version",), own.rep)
            elif own.unit is not None and own.unit not in names.node:
                yield Refusal((f"unit {own.unit} is none of this version",), own.rep)
            elif (words := self._in_no_one_unit(place, first_open)) is not None:
                yield Refusal((words,), own.rep)
            else:
                yield from self._odd_quota(own, place, first_open, ends)
            seen.add(own.rep)

    def _in_no_one_unit(self, place: int, first_open: int) -> str | None:
        """Why nothing is decided about somebody who does not work for one unit alone in the months
        that would change: who carries it would depend on the month.
        """
        if self.decision.kind not in _OF_THE_OWN_UNIT:
            return None
        rep, months = self.before.everybody.problem.reps.ids[place], self.before.names.months
        found = self.before.works_in(place, first_open)
        if found is None:
            return (
                f"works for several units in {months[-1]}, and no one of them could carry what is "
                f"decided: solve the plan again with {rep} in one unit, and decide then"
            )
        if found.since > first_open:
            since, where = (
                months[found.since],
                f"unit {found.unit}" if found.unit else "the company",
            )
            return (
                f"works for {where} from {since} on, and for others in months before: decide what "
                f"holds from {since} on"
            )
        return None

    def _placed(self, own: Wanted, first_open: int) -> Wanted:
        """With the unit where the rep works by then, which decides and carries."""
        if self.decision.kind not in _OF_THE_OWN_UNIT:
            return own
        place = self.before.names.rep[own.rep]
        found = self.before.works_in(place, first_open)
        home = self.before.quotas[place]["unit"]
        return own if found is None or found.unit == home else replace(own, unit=found.unit)

    def _odd_quota(
        self, own: Wanted, place: int, first_open: int, ends: tuple[IntArray, IntArray]
    ) -> Iterator[Refusal]:
        """At most one: what is wrong with the amount itself goes before limits, `ends`."""
        closed = self._closed(place, first_open)
        if own.quota < 0:
            yield Refusal(("must be 0 or more",), own.rep)
        elif own.months is not None and not self._are_months(place, own, first_open):
            yield Refusal(("has months that do not add up, or that are over",), own.rep)
        elif own.months is None and own.quota < closed:
            yield Refusal(("is less than the ", closed, " of months that are over"), own.rep)
        elif not self.decision.beyond and own.quota > ends[1][place]:
            yield _beyond(own.rep, self._limit_of(place, "cap"))
        elif not self.decision.beyond and own.quota < ends[0][place]:
            yield _beyond(own.rep, self._limit_of(place, "floor"))

    def _limit_of(self, place: int, side: Literal["floor", "cap"]) -> Rule:
        plan = self.before.everybody
        return RuleNames(plan.problem, plan.hierarchy, plan.bounds).holding_rep(place, side)

    def _closed(self, place: int, first_open: int) -> int:
        cells = self.before.book.cells
        return 0 if cells is None else int(cells[place, :, :first_open].sum())

    def _are_months(self, place: int, own: Wanted, first_open: int) -> bool:
        cells, months = self.before.book.cells, own.months or ()
        if cells is None or len(months) != cells.shape[2] or sum(months) != own.quota:
            return False
        carried = cells[place].sum(axis=0).tolist()
        return min(months) >= 0 and [*months[:first_open]] == carried[:first_open]

    def _amendments(self, wishes: Mapping[int, Wanted]) -> Sequence[Amendment]:
        decision, names = self.decision, self.before.names
        wanted = {place: own.quota for place, own in wishes.items()}
        manifest, hierarchy = self.before.manifest, self.before.everybody.hierarchy
        by_one_unit = decision.funding == "unfunded" and (decision.unit or decision.whole)
        if decision.funding is None or by_one_unit:
            return [Amendment(wanted, decision.funding, names.node[decision.unit])]
        found = one_decision(
            hierarchy,
            wanted,
            decision.funding,
            locked={
                *self._gone(),
                *(names.rep[lock["rep"]] for lock in manifest.get("locks", [])),
                *(names.rep[rep] for rep in decision.apart),
            },
            frozen=[names.node[own["unit"]] for own in manifest.get("frozen", [])],
            reserves=[names.node[own["unit"]] for own in manifest.get("reserves", [])],
            works_in={place: names.node[own.unit] for place, own in wishes.items() if own.unit},
        )
        funded = {place for amendment in found for place in amendment.wanted}
        ids = self.before.everybody.problem.reps.ids
        if missing := [place for place in wanted if place not in funded]:
            raise Refused(
                [
                    Refusal(("neither a unit above nor the company has a reserve",), ids[place])
                    for place in missing
                ]
            )
        return found

    def _gone(self) -> Sequence[int]:
        """Who has left or works elsewhere by then: of the own unit they carry nothing that could
        change.
        """
        first_open = self.before.names.first_open(self.decision.effective)
        gone = (self.before.at_home(first_open) == 0) & (self.before.book.quota > 0)
        return [*map(int, np.flatnonzero(gone))]

    def _entered(
        self, before: Amendable, amendment: Amendment, own: Mapping[int, Wanted], first_open: int
    ) -> Amendable:
        """With one more amendment in the ledger."""
        names, book = before.names, before.book
        change = Change(
            amendment,
            first_open,
            {
                place: [new - old for new, old in zip(wish.months, carried, strict=True)]
                for place, wish in own.items()
                if wish.months is not None
                for carried in [book.of_rep(place).tolist()]
            },
            {place: names.node[wish.unit] for place, wish in own.items() if wish.unit is not None},
        )
        try:
            after = book.after(change)
            if book.cells is not None and (untold := change.units.keys() - change.moves.keys()):
                # a part that belongs to another unit says its months
                told = {k: (after.of_rep(k) - book.of_rep(k)).tolist() for k in sorted(untold)}
                change = replace(change, moves={**change.moves, **told})
                after = book.after(change)
        except CannotCarry as error:
            raise self._not_carried(before, amendment, error) from None
        moves = after.quota - book.quota
        number = len(before.manifest.get("amendments", []))
        entries = dict(before.entries)
        for place in sorted({*np.flatnonzero(moves).tolist(), *change.moves}):
            entry = _entry(number, int(moves[place]), own.get(place), change.moves.get(place))
            entries[place] = [*entries.get(place, ()), entry]
        part = self._part(before, amendment, int(moves.sum()))
        parts = [*before.manifest.get("amendments", []), part]
        return before.with_ledger(after, entries, amendments=parts)

    def _part(self, before: Amendable, amendment: Amendment, change: int) -> AmendmentPart:
        ids, units = before.everybody.problem.reps.ids, before.everybody.problem.units.ids
        part: AmendmentPart = {
            "reference": self.decision.reference,
            "kind": self.decision.kind,
            "funding": amendment.funding,
            "unit": units[amendment.node - 1] if amendment.node else None,
            "effective": self.decision.effective,
            "change": change,
        }
        if amendment.funding in CARRYING:
            part["reps"] = [ids[place] for place in amendment.wanted]
        if amendment.held:
            part["held"] = [ids[place] for place in amendment.held]
        if amendment.frozen:
            part["frozen"] = [units[node - 1] for node in amendment.frozen]
        if self.decision.through is not None:
            part["through"] = self.decision.through
        return part

    def _not_carried(
        self, before: Amendable, amendment: Amendment, error: CannotCarry
    ) -> NotCarried:
        plan = before.everybody
        ids, units = plan.problem.reps.ids, plan.problem.units.ids
        rules = RuleNames(plan.problem, plan.hierarchy, plan.bounds)
        stops = []
        for stop in error.stops:
            if stop.kind in ("min", "max"):
                end = rules.of_node(stop.place, "min" if stop.kind == "min" else "max")
                stops.append(Rule(end.name, stop.limit))
            elif stop.kind != "held":
                stops.append(Rule(f"rep:{ids[stop.place]}:{stop.kind}", stop.limit))
            elif stop.place not in amendment.wanted:
                stops.append(Rule(f"rep:{ids[stop.place]}:fixed", stop.limit))
        unit = units[amendment.node - 1] if amendment.node else None
        could = {ids[place]: quota for place, quota in error.could.items()}
        return NotCarried(unit, could, stops)

    def _kept(self, after: Amendable, wanted: Mapping[int, Wanted]) -> Amendable:
        """With the locks and reserves as they are now."""
        names = after.names
        quota = after.book.quota
        locks = {lock["rep"]: lock for lock in after.manifest.get("locks", [])}
        for place, own in wanted.items():
            if self.decision.locks or own.rep in locks:
                reference = (
                    self.decision.reference if self.decision.locks else locks[own.rep]["reference"]
                )
                locks[own.rep] = {
                    "rep": own.rep,
                    "quota": int(quota[place]),
                    "reference": reference,
                }
        used = _used(after.manifest)
        reserves = [
            {**own, "used": used.get(own["unit"], 0)} for own in after.manifest.get("reserves", [])
        ]
        ordered = sorted(locks.values(), key=lambda lock: names.rep[lock["rep"]])
        frozen = [self._less_what_was_spent(own, used) for own in after.manifest.get("frozen", [])]
        return after.with_ledger(
            after.book, after.entries, locks=ordered, reserves=reserves, frozen=frozen
        )

    def _less_what_was_spent(
        self, envelope: FrozenPart, used: Mapping[str | None, int]
    ) -> FrozenPart:
        """An envelope includes the reserves inside it: what these give, its unit carries less."""
        before, names = self.before, self.before.names
        node, h = names.node[envelope["unit"]], before.everybody.hierarchy
        given = sum(
            used.get(own["unit"], 0) - own["used"]
            for own in before.manifest.get("reserves", [])
            if node in h.ancestors(names.node[own["unit"]])
        )
        spent = envelope.get("spent", 0) + given
        whole: FrozenPart = {"unit": envelope["unit"], "amount": envelope["amount"]}
        return {**whole, "spent": spent} if spent > 0 else whole


def _entry(number: int, change: int, wish: Wanted | None, moves: object) -> list[object]:
    """What a row says of an amendment; see `document.QuotaRow.amended`."""
    entry: list[object] = [number, change]
    unit = None if wish is None else wish.unit
    if unit is not None or moves is not None:
        entry.append(unit)
    return entry if moves is None else [*entry, moves]


def _beyond(rep: str, rule: Rule) -> Refusal:
    side = "above the cap" if rule.name.endswith(":cap") else "beyond the limit"
    side = "below the floor" if rule.name.endswith(":floor") else side
    limit = int(rule.value)
    return Refusal((f"lies {side} of ", limit), rep, rule.name, limit)


def _used(manifest: Manifest) -> dict[str | None, int]:
    """What amendments took of each reserve."""
    used: dict[str | None, int] = {}
    for part in manifest.get("amendments", []):
        if part["funding"] == "reserve":
            used[part["unit"]] = used.get(part["unit"], 0) - part["change"]
    return used


def _broken(before: Amendable, after: Amendable, decision: Decision) -> Iterator[Refusal]:
    """What would not be kept any more that has to be."""
    names, sums = after.names, after.book.sums
    for unit in after.below_nothing:
        short = f"unit {unit} would carry less than nothing in a month in which others carry for it"
        yield Refusal((short,), rule=f"unit:{unit}:min", limit=0)
    for own in after.manifest.get("frozen", []):
        unit = own["unit"]
        if off := int(sums[names.node[unit]]) - carried_of(own):
            way_out = "; a planner unfreezes it first, or others in it carry the difference"
            # by how much alone: who decides in a unit below is not told what this one carries
            more = " more" if off > 0 else " less"
            words = (f"unit {unit} is frozen and would carry ", abs(off), more, way_out)
            yield Refusal(words, rule=f"unit:{unit}:target", limit=own["amount"])
    for reserve in after.manifest.get("reserves", []):
        where = f"unit {reserve['unit']}" if reserve["unit"] else "the company"
        if reserve["used"] > reserve["amount"]:
            had = {own["unit"]: own["used"] for own in before.manifest.get("reserves", [])}
            left = reserve["amount"] - had[reserve["unit"]]
            wanted = reserve["used"] - had[reserve["unit"]]
            of_all = (" of ", reserve["amount"], " left, and ", wanted, " is wanted")
            yield Refusal((f"the reserve of {where} has ", left, *of_all), limit=left)
        elif reserve["used"] < 0:
            yield Refusal((f"the reserve of {where} gives only what was taken of it before",))
    if not decision.beyond:
        yield from _left_limits(before, after, decision)


def _left_limits(before: Amendable, after: Amendable, decision: Decision) -> Iterator[Refusal]:
    """Limits of units and across them that are left, or left further behind."""
    moves_sums = decision.funding not in CARRYING
    was = {row["rule"]: abs(row["carried"] - row["limit"]) for row in _all_beyond(before)}
    for row in _all_beyond(after):
        rule, off = row["rule"], abs(row["carried"] - row["limit"])
        is_target = rule == "target" or rule.endswith(":target")
        is_target |= _is_of_one_sum(rule, after)
        if rule.startswith("rep:") or (is_target and moves_sums):
            continue
        if off > was.get(rule, 0):
            yield Refusal(
                (f"{rule} would be missed by ", round(off)), rule=rule, limit=row["limit"]
            )


def _is_of_one_sum(rule: str, version: Amendable) -> bool:
    """Whether a rule is about a unit that was to carry one exact sum: its target, or an envelope
    that was given up since the solve.
    """
    unit, _, _ = rule.removeprefix("unit:").rpartition(":")
    node, bounds = version.names.node.get(unit), version.everybody.bounds
    is_unit = rule.startswith("unit:") and node is not None
    return is_unit and bool(bounds.unit_min[node] == bounds.unit_max[node])


def _all_beyond(found: Amendable) -> Sequence[Mapping[str, Any]]:
    return beyond(found.stands.plan, found.book)
