"""A plan that somebody made by hand: a sheet of who is to carry how much, perhaps month by month.

Such sheets are written for people. Headers may be Chinese, amounts have separators, full-width
digits, 万 and 亿, a last row holds the sum, and the file is what a Chinese Excel saves. All of that
is read, and told by line and column; what can be meant in two ways is refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from io import BytesIO
from typing import Any, Final

from service.kit.spreadsheets import restored
from service.roster.files import cells
from service.roster.files.faults import FileFault, FileFaults
from service.roster.files.sheets import Sheet, sheet_of
from service.roster.files.sources import sent
from service.roster.files.spellings import plain_amount

REP: Final = (
    "rep_id", "rep", "id", "sales_rep", "销售员", "销售员编号", "销售员id", "员工编号", "员工工号",
    "工号", "人员编号",
)  # fmt: skip
QUOTA: Final = (
    "quota", "target", "amount", "annual_quota", "total", "目标", "销售目标", "年度目标",
    "全年目标", "指标", "销售指标", "年度指标", "任务", "合计", "总计",
)  # fmt: skip
_TOTALS: Final = frozenset(
    {"total", "totals", "sum", "grand total", "subtotal", "合计", "总计", "小计", "汇总"}
)
"""What the row of a sum is called where a rep should be."""
_MONTH: Final = re.compile(r"([12][0-9]{3})(?:-|/|年)(0?[1-9]|1[0-2])月?")
_SHOWN: Final = 80


@dataclass(frozen=True, slots=True)
class PlannedQuota:
    """One line: amounts as JSON would have them."""

    line: int
    rep: str
    quota: float | str
    months: dict[str, float | str] | None
    """By `2027-01`; None where the sheet has no columns of months."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What a sheet says."""

    file: str
    rows: Sequence[PlannedQuota]
    repaired: Sequence[FileFault]
    """What was read in another way than it stands there, and rows that were left out."""
    headers: dict[str, str] = field(default_factory=dict)
    """The column of `rep`, of `quota`, and of each month, as the sheet calls it."""


def read_planned(name: str, raw: bytes) -> Planned:
    """A file, of a workbook the first sheet. Raises `FileFaults` with every fault."""
    source = sent(name, BytesIO(raw))
    return _Reading(sheet_of(source), defused=source.suffix != ".parquet").planned()


class _Reading:
    """One sheet on its way into rows. `defused`: texts may have an apostrophe that is not theirs,
    lest a spreadsheet run them.
    """

    def __init__(self, sheet: Sheet, *, defused: bool) -> None:
        self.sheet = sheet
        self.defused = defused
        self.repaired = list(sheet.repaired)
        self.faults: list[FileFault] = []
        columns = {name: at for at, name in reversed([*enumerate(sheet.header)]) if name}
        self.rep = next((name for name in REP if name in columns), None)
        self.quota = next((name for name in QUOTA if name in columns), None)
        self.months = dict(self._month_columns(columns))
        self.columns = columns

    def planned(self) -> Planned:
        if self.rep is None:
            self._miss(f"needs a column rep_id (or {', '.join(REP[8:])})")
        if self.quota is None and not self.months:
            self._miss(
                "needs a column quota (or 目标, 指标), or one for each month such as 2027-01"
            )
        rows = [*self._rows()] if not self.faults else []
        if not rows and not self.faults:
            self._miss("has no row below its header")
        if self.faults:
            raise FileFaults(self.faults)
        headers = {name: header for header, name in self.months.items()}
        headers |= {"rep": self.rep or "", "quota": self.quota or ""}
        return Planned(self.sheet.file, rows, self.repaired, headers)

    def _month_columns(self, columns: dict[str, int]) -> Iterator[tuple[str, str]]:
        """Header and month of each column of a month."""
        seen: set[str] = set()
        for header in columns:
            if found := _MONTH.fullmatch(unicodedata.normalize("NFKC", header)):
                month = f"{found[1]}-{int(found[2]):02d}"
                if month in seen:
                    self.faults.append(self._fault(None, header, None, "stands for a month twice"))
                seen.add(month)
                yield header, month

    def _rows(self) -> Iterator[PlannedQuota]:
        first: dict[str, int] = {}
        for line, row in zip(self.sheet.lines, self.sheet.cells, strict=True):
            rep = self._key(line, row)
            if rep is None:
                continue
            if first.setdefault(rep, line) != line:
                reason = f"stands already in line {first[rep]}"
                self.faults.append(self._fault(line, self.rep, rep, reason))
            months = {month: self._amount(line, row, name) for name, month in self.months.items()}
            if self.quota is not None and self._is_blank(row, self.quota) and not self.months:
                self.faults.append(self._fault(line, self.quota, None, "is required"))
            quota = None if self.quota is None else self._amount(line, row, self.quota)
            if quota is None:
                quota = str(sum((Decimal(str(own or 0)) for own in months.values()), Decimal()))
            told = {month: own if own is not None else 0 for month, own in months.items()}
            yield PlannedQuota(line, rep, quota, told or None)

    def _key(self, line: int, row: list[Any]) -> str | None:
        """The rep of a line; None for the line of a sum, and where there is none."""
        cell = row[self.columns[self.rep or ""]]
        text = cells.shown(cell).strip()
        if text.lower() in _TOTALS:
            self.repaired.append(self._fault(line, self.rep, text, "is a sum, and was left out"))
            return None
        try:
            key = cells.key(cell)
        except ValueError as reason:
            self.faults.append(self._fault(line, self.rep, text[:_SHOWN] or None, str(reason)))
            return None
        rep = restored(key) if self.defused else key
        if rep != key:
            self.repaired.append(self._fault(line, self.rep, key[:_SHOWN], f"was read as {rep}"))
        return rep

    def _amount(self, line: int, row: list[Any], header: str) -> float | str | None:
        """None where the cell is blank, or could not be read."""
        cell = row[self.columns[header]]
        if self._is_blank(row, header):
            return None
        try:
            value, changed = amount(cell)
        except ValueError as reason:
            shown = cells.shown(cell)[:_SHOWN]
            self.faults.append(self._fault(line, header, shown, str(reason)))
            return None
        if changed:
            read = self._fault(line, header, cells.shown(cell)[:_SHOWN], f"was read as {value}")
            self.repaired.append(read)
        return value

    def _is_blank(self, row: list[Any], header: str) -> bool:
        cell = row[self.columns[header]]
        return isinstance(cell, str) and not cell.strip()

    def _miss(self, reason: str) -> None:
        self.faults.append(self._fault(None, None, None, reason))

    def _fault(
        self, line: int | None, column: str | None, value: str | None, reason: str
    ) -> FileFault:
        return FileFault(self.sheet.file, line, column, value, reason)


def amount(cell: Any) -> tuple[float | str, bool]:
    """An amount as people write it, and whether anything of it was read as something else.

    `1,080,000`, `¥108万`, `1 080 000` are read; `1,5` and `1.080.000` may mean two things. Raises
    ValueError with the reason.
    """
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return cell, False
    stated = cells.shown(cell).strip()
    try:
        text = cells.amount(plain_amount(stated))
    except ValueError:
        raise ValueError("must be an amount such as 20500.25, 20,500.25 or 2.05万") from None
    return text, text != stated
