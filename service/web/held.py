"""What keeps the reps of a unit from carrying more: the limits that are reached there."""

from collections import Counter
from collections.abc import Iterator

from service.web.domain.quotas import Rep
from service.web.domain.version import VersionView
from service.web.rules import PARITY


def holding(version: VersionView, unit: str | None) -> list[tuple[str, int]]:
    """The limits reached among the reps at and below a unit, and how many of these each holds,
    those of most reps first; their own limits are counted together, as `cap`.

    A unit that misses its own minimum or target has a gap at or below it, and holds nobody.
    Nothing of the whole company is told to who sees a part of it.
    """
    if unit is None and version.whole is not None:
        return []
    short = {above.id for gap in version.gap_of for above in version.ancestors(gap)}
    counts: Counter[str] = Counter()
    for rep in version.reps:
        if unit is None or unit in {above.id for above in version.ancestors(rep.unit)}:
            counts.update(_limits(version, rep, short))
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def _limits(version: VersionView, rep: Rep, short: set[str]) -> Iterator[str]:
    if rep.cap is not None and rep.quota >= rep.cap:
        yield "cap"
    for unit in version.ancestors(rep.unit):
        full = unit.maximum is not None and version.totals[unit.id].quota >= unit.maximum
        if full and unit.id not in short:
            yield f"unit:{unit.id}:{'target' if unit.minimum == unit.maximum else 'max'}"
    full_rules = (version.rules[place] for place in rep.counted_by if version.rules[place].is_full)
    for rule in full_rules:
        name = f"{rule.kind}:{rule.key}"
        yield name if rule.kind == PARITY else f"{name}:max"
