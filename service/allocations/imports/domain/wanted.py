"""From rows as they were sent to whole amounts of reps who are there; every fault at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from service.allocations.imports.domain.sent import RowFault, SentQuota, Source
from service.allocations.versions.domain.deciding.decision import Wanted
from service.kit.errors import Fault
from service.kit.money import InvalidMoney, to_minor

type Missing = Literal["as_solved", "zero"]
"""What reps carry who stand in no row: what the even plan says, or nothing."""

_NAMED = 5


@dataclass(frozen=True, slots=True)
class ByHand:
    """A plan made by hand."""

    wanted: Sequence[Wanted]
    missing: Sequence[str]
    """Reps who stand in no row, by id."""
    row_of: Mapping[str, int]
    """In which row each of the others stands."""


def read_wanted(
    source: Source,
    reps: Sequence[str],
    months: Sequence[str],
    digits: int,
    *,
    missing: Missing | None,
    known: Sequence[Fault] = (),
) -> ByHand:
    """`reps` are all there are, `months` the names of those of the plan's period. Raises the
    source's refusal with every fault and those that are `known`.
    """
    reading = _Reading(frozenset(reps), tuple(months), digits)
    wanted = [*reading.read(source.rows)]
    rows = {row.rep for row in source.rows}
    left_out = sorted(rep for rep in reps if rep not in rows)
    if left_out and missing is None and rows:
        reading.faults.append(RowFault(None, "rep", _without_a_row(left_out)))
    if reading.faults or known:
        raise source.refusal(reading.faults, known)
    if missing == "zero":
        wanted += [Wanted(rep, 0) for rep in left_out]
    row_of = {row.rep: at for at, row in enumerate(source.rows) if row.rep}
    return ByHand(wanted, left_out, row_of)


@dataclass(slots=True)
class _Reading:
    reps: Collection[str]
    months: tuple[str, ...]
    digits: int
    faults: list[RowFault] = field(default_factory=list)

    def read(self, rows: Sequence[SentQuota]) -> Iterator[Wanted]:
        first: dict[str, int] = {}
        for at, row in enumerate(rows):
            if not row.rep:
                continue  # told as a fault of shape
            if row.rep not in self.reps:
                reason = "is no rep of the plan's inputs"
                self.faults.append(RowFault(at, "rep", reason, row.rep))
                continue
            if first.setdefault(row.rep, at) != at:
                self.faults.append(RowFault(at, "rep", "stands twice", row.rep))
                continue
            quota = self._amount(at, "quota", row.quota)
            by_month = None if row.months is None else self._by_month(at, row)
            if quota is None or (row.months is not None and by_month is None):
                continue
            if by_month is not None and sum(by_month) != quota:
                reason = "is not what its months add up to"
                self.faults.append(RowFault(at, "quota", reason, row.quota))
            yield Wanted(row.rep, quota, by_month)

    def _by_month(self, at: int, row: SentQuota) -> list[int] | None:
        """None where any of them has a fault; months that are left out carry nothing."""
        stated = row.months or {}
        others = [month for month in stated if month not in self.months]
        self.faults += [
            RowFault(at, month, "is no month of the plan's period", month) for month in others
        ]
        amounts = [
            self._amount(at, month, stated[month]) if month in stated else 0
            for month in self.months
        ]
        known = [amount for amount in amounts if amount is not None]
        return known if len(known) == len(amounts) and not others else None

    def _amount(self, at: int, name: str, value: Any) -> int | None:
        if value is None:
            return None  # told as a fault of shape
        try:
            amount = to_minor(value, self.digits)
        except InvalidMoney as reason:
            self.faults.append(RowFault(at, name, str(reason), value))
            return None
        if amount < 0:
            self.faults.append(RowFault(at, name, "must be 0 or more", value))
            return None
        return amount


def _without_a_row(reps: Sequence[str]) -> str:
    names = ", ".join(reps[:_NAMED])
    more = f" and {len(reps) - _NAMED} more" if len(reps) > _NAMED else ""
    stand = "stands" if len(reps) == 1 else "stand"
    return (
        f"{names}{more} {stand} in no row: say with `missing` whether they carry what the even "
        "plan says (as_solved) or nothing (zero)"
    )
