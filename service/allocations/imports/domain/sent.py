"""The rows of a plan made by hand, whichever way they came, and how their faults are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

from service.kit.errors import AppError, Fault, InvalidInput, pointer
from service.roster.files import FileFault, FileFaults, Planned


@dataclass(frozen=True, slots=True)
class SentQuota:
    """One row: amounts as they came."""

    rep: str
    quota: Any
    months: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with a row; None: with all of them together."""

    row: int | None
    field: str
    """`rep`, `quota`, or a month such as `2027-01`."""
    reason: str
    value: object = None


class Source(Protocol):
    """Where rows came from."""

    @property
    def rows(self) -> Sequence[SentQuota]: ...

    def refusal(self, faults: Sequence[RowFault], known: Sequence[Fault]) -> AppError:
        """The problem that tells the faults at their places, `known` ones of the body included."""
        ...


@dataclass(frozen=True, slots=True)
class JsonRows:
    """The member `quotas` of a body."""

    rows: Sequence[SentQuota]

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        """Rows without what had the wrong shape say nothing; their faults are known before."""
        return cls(
            [
                SentQuota(row.get("rep", ""), row.get("quota"), row.get("months"))
                for row in body.get("quotas") or ()
            ]
        )

    def refusal(self, faults: Sequence[RowFault], known: Sequence[Fault]) -> AppError:
        placed = [Fault(self._place(fault), fault.reason, fault.value) for fault in faults]
        return InvalidInput([*known, *placed])

    def _place(self, fault: RowFault) -> str:
        if fault.row is None:
            return "/quotas"
        in_row = (fault.field,) if fault.field in {"rep", "quota"} else ("months", fault.field)
        return pointer(("quotas", fault.row, *in_row))


@dataclass(frozen=True, slots=True)
class FileRows:
    """The rows of an uploaded file."""

    sheet: Planned

    @property
    def rows(self) -> Sequence[SentQuota]:
        return [SentQuota(row.rep, row.quota, row.months) for row in self.sheet.rows]

    def refusal(self, faults: Sequence[RowFault], known: Sequence[Fault]) -> AppError:
        if known and not faults:
            return InvalidInput(known)
        found = [
            FileFault(
                self.sheet.file,
                None if fault.row is None else self.sheet.rows[fault.row].line,
                None if fault.row is None else self.sheet.headers.get(fault.field),
                None if fault.value is None else str(fault.value)[:80],
                fault.reason,
            )
            for fault in faults
        ]
        options = [
            FileFault("options", None, fault.shown_pointer, None, fault.detail) for fault in known
        ]
        return FileFaults([*found, *options])
