"""Compare two versions of a plan: fetch both, read what differs, tell a page of what is seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.allocations.diff.domain.causes import Causes
from service.allocations.diff.domain.facts import FactsChange
from service.allocations.diff.domain.policies import PolicyChange
from service.allocations.diff.domain.reasons import reasons
from service.allocations.diff.domain.sides import Change, Row, Side, by_rep, changes
from service.allocations.diff.seen import Seen, Told
from service.allocations.versions.repository import StoredVersion
from service.allocations.versions.usecases.reading import open_measure, unknown
from service.allocations.versions.usecases.visible import see_version
from service.kit.auth import Caller
from service.kit.money import from_minor
from service.kit.pages import PageRequest, cursor_after
from service.plans.sight import Sight
from service.roster.usecases import load_snapshot


@dataclass(frozen=True, slots=True)
class Compared:
    """Two versions of a plan, and what of them is asked for."""

    plan_id: str
    before: int
    after: int
    measure: str | None = None
    months: bool = False


def diff(session: Session, caller: Caller, asked: Compared, sight: Sight, page: PageRequest) -> Row:
    """The API's document; `sight` is the caller's of the earlier version.

    Raises what seeing and opening a version does, and InvalidParameters for a measure that one of
    them does not have, or that they count in different things.
    """
    numbers = asked.before, asked.after
    _, sight_after = see_version(session, caller, asked.plan_id, asked.after)
    pair = [
        open_measure(session, caller.workspace_id, asked.plan_id, number, asked.measure)
        for number in numbers
    ]
    _refuse_other_things(asked, pair)
    before, after = _sides(asked, pair)
    found = changes(before, after)
    facts = _facts(session, caller.workspace_id, asked, pair)
    digits = pair[0].digits
    why = reasons(Causes(before, after, facts, PolicyChange(before, after), digits), found)
    seen = Seen((sight, sight_after), (before, after), found)
    listing = (
        f"diff of {asked.measure or 'the main measure'} of {asked.plan_id} {numbers} seen by "
        f"{sight.name}, {sight_after.name}"
    )
    start = page.after(listing, int) or 0
    end = start + page.limit
    months = [stored.months for stored in pair] if asked.months else None
    return {
        "from": asked.before,
        "to": asked.after,
        "measure": pair[1].manifest.get("measure") or asked.measure or pair[1].measures[0],
        "changed": [
            _row(change, seen.told(change, why[change.rep]), digits, months)
            for change in seen.changes[start:end]
        ],
        "next_cursor": cursor_after(listing, end) if end < len(seen.changes) else None,
        "units": [{"id": unit, **_amounts(one, other, digits)} for unit, one, other in seen.units],
        "company": _amounts(before.manifest["assigned"], after.manifest["assigned"], digits),
        "unchanged": seen.unchanged,
    }


def _refuse_other_things(asked: Compared, pair: Sequence[StoredVersion]) -> None:
    counted = [(stored.manifest.get("counted_in"), stored.digits) for stored in pair]
    if counted[0] != counted[1]:
        raise unknown("measure", f"is counted in other things in version {asked.after}")


def _sides(asked: Compared, pair: Sequence[StoredVersion]) -> tuple[Side, Side]:
    """The quotas of chunks that both have are not read."""
    listed = [{chunk["chunk"] for chunk in stored.manifest["quotas"]} for stored in pair]
    both = listed[0] & listed[1]
    before, after = (
        Side(
            number,
            {**stored.manifest},
            stored.units(),
            by_rep(stored.quotas(without=both)),
            stored.rules(),
        )
        for number, stored in zip((asked.before, asked.after), pair, strict=True)
    )
    return before, after


def _facts(
    session: Session, workspace_id: str, asked: Compared, pair: Sequence[StoredVersion]
) -> FactsChange | None:
    keys = [stored.manifest["inputs"] for stored in pair]
    if keys[0] == keys[1]:
        return None
    before, after = (load_snapshot(session, workspace_id, key) for key in keys)
    is_further = pair[1].manifest.get("is_further", False)
    return FactsChange(before, after, asked.measure if is_further else None)


def _row(change: Change, told: Told, digits: int, months: Sequence[Sequence[str]] | None) -> Row:
    before, after = (None if row is None else row["quota"] for row in (change.before, change.after))
    row = {
        "rep": change.rep,
        "unit": change.units[1],
        "unit_before": change.units[0],
        **_amounts(before, after, digits),
        "reasons": told.reasons,
        "why": told.why,
        "follows_from": told.follows_from,
    }
    if months is not None:
        row["months"] = _by_month(change, months, digits)
    return row


def _amounts(before: int | None, after: int | None, digits: int) -> Row:
    return {
        "from": None if before is None else from_minor(before, digits),
        "to": None if after is None else from_minor(after, digits),
        "change": from_minor((after or 0) - (before or 0), digits),
    }


def _by_month(change: Change, names: Sequence[Sequence[str]], digits: int) -> Row | None:
    """What moved in each month, as far as either version tells the rep's months."""
    told = [
        dict(zip(own, row["months"], strict=True)) if row and row.get("months") else {}
        for own, row in zip(names, (change.before, change.after), strict=True)
    ]
    if not any(told):
        return None
    moved = {
        month: told[1].get(month, 0) - told[0].get(month, 0)
        for month in sorted({**told[0], **told[1]})
    }
    return {month: from_minor(by, digits) for month, by in moved.items() if by}
