"""The quotas as lines of a table that opens unit by unit.

A page carries the lines that are open; a browser with scripts fetches the lines of a unit when it
is opened, one without follows the same link to a page on which the unit is open. Direct sub-units
come before direct reps; of many lines a page shows `LINES_AT_ONCE` and a link to the next ones.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from service.allocations.summary.domain.held import Hold
from service.web.domain.quotas import COMPANY, Names, Rep, Unit
from service.web.domain.version import VersionView

LINES_AT_ONCE: Final = 100
_SMALL: Final = 60
"""An organisation of at most so many lines is shown whole."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row: the company, a unit, a rep, what nobody carries there, or the link to more lines."""

    kind: Literal["company", "unit", "rep", "gap", "more"]
    level: int
    id: str | None = None
    name: str = ""
    baseline: float = 0.0
    quota: int = 0
    """Of a gap, the amount that comes on top of the quotas."""
    growth: float | None = None
    over_last_year: float | None = None
    effort: float | None = None
    chance: float | None = None
    binding: tuple[str, ...] = ()
    hold: Hold = "none"
    is_open: bool = False
    reps: int = 0
    """How many reps a company or unit has; how many lines are left behind a link to more."""
    offset: int = 0
    """Where the lines behind a link to more begin."""


def lines_of(
    version: VersionView, names: Names, opened: str | None = COMPANY, offset: int = 0
) -> list[Line]:
    """The company's line and all open ones; `offset` skips lines of the `opened` unit."""
    small = len(version.units) + len(version.reps) <= _SMALL
    path = {unit.id for unit in version.ancestors(opened)}

    def below(unit: str | None, level: int) -> Iterator[Line]:
        for line in children(version, names, unit, offset if unit == opened else 0):
            is_open = line.kind == "unit" and (small or line.id in path)
            yield _at(line, level, is_open=is_open)
            if is_open:
                yield from below(line.id, level + 1)

    company = _node(version, "company", COMPANY)
    return [_at(company, 0, is_open=True), *below(COMPANY, 1)]


def children(version: VersionView, names: Names, unit: str | None, offset: int = 0) -> list[Line]:
    """The lines directly below a unit from `offset` on, at level 0; what nobody carries first."""
    units = version.units_below.get(unit, [])
    reps = version.reps_below.get(unit, [])
    everything: list[Unit | Rep] = [*units, *reps]
    shown = everything[offset : offset + LINES_AT_ONCE]
    lines = [_rep(row, names) if isinstance(row, Rep) else _unit(version, row) for row in shown]
    if offset == 0 and unit in version.gap_of:
        lines.insert(0, Line("gap", 0, id=unit, quota=version.gap_of[unit]))
    left = len(everything) - offset - len(shown)
    if left > 0:
        lines.append(Line("more", 0, id=unit, reps=left, offset=offset + len(shown)))
    return lines


def found(
    version: VersionView, names: Names, text: str = "", hold: Hold | None = None, offset: int = 0
) -> tuple[list[Line], int]:
    """Lines of the reps whose name or id contains the text and whom such a rule holds; how many."""
    wanted = text.casefold().strip()
    reps = [
        rep
        for rep in version.reps
        if (hold is None or rep.hold == hold)
        and (wanted in rep.id.casefold() or wanted in names.get(rep.id, "").casefold())
    ]
    lines = [_rep(rep, names) for rep in reps[offset : offset + LINES_AT_ONCE]]
    left = len(reps) - offset - len(lines)
    if left > 0:
        lines.append(Line("more", 0, reps=left, offset=offset + len(lines)))
    return lines, len(reps)


def at_level(lines: Sequence[Line], level: int) -> list[Line]:
    return [_at(line, level, is_open=line.is_open) for line in lines]


def _at(line: Line, level: int, *, is_open: bool) -> Line:
    return replace(line, level=level, is_open=is_open)


def _rep(rep: Rep, names: Names) -> Line:
    return Line(
        "rep",
        0,
        id=rep.id,
        name=names.get(rep.id, rep.id),
        baseline=rep.baseline,
        quota=rep.quota,
        growth=rep.growth,
        over_last_year=rep.over_last_year,
        effort=rep.effort,
        chance=rep.chance,
        binding=rep.binding,
        hold=rep.hold,
    )


def _unit(version: VersionView, unit: Unit) -> Line:
    line = _node(version, "unit", unit.id)
    hold: Hold = "unit" if unit.binding else "none"
    return replace(line, name=unit.name, binding=unit.binding, hold=hold)


def _node(version: VersionView, kind: Literal["company", "unit"], key: str | None) -> Line:
    totals = version.totals[key]
    return Line(
        kind,
        0,
        id=key,
        baseline=totals.baseline,
        quota=totals.quota,
        growth=totals.growth,
        over_last_year=totals.over_last_year,
        effort=version.effort_of(key),
        reps=totals.reps,
    )
