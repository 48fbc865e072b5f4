"""Rules in the words of the pages, for terminals and workbooks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import batched
from typing import Any, Final

from service.web.figures import rounded_to

_SIDES: Final = {
    "cap": "upper limit",
    "floor": "lower limit",
    "fixed": "locked",
    "max": "maximum",
    "min": "minimum",
}
_QUARTER: Final = 3
"""Months."""
_PARITY: Final = "parity"
_MARGIN: Final = "margin"
_UNIT: Final = "unit"
_REP: Final = "rep"

_NO_NAMES: Final[Mapping[str, str]] = {}


def whole(amount: float) -> str:
    return f"{int(amount):,}" if float(amount).is_integer() else f"{amount:,.2f}"


def quarters_in_words(document: Mapping[str, Any]) -> Iterator[str]:
    """What the quarters of the period carry together, in one line; none without months."""
    months = [*(document["months"] or {}).items()]
    total = sum(amount for _, amount in months)
    if not total:
        return
    quarters = []
    for own in batched(months, _QUARTER):
        first, last = own[0][0], own[-1][0]
        name = first if first == last else f"{first} to {last}"
        amount = round(sum(amount for _, amount in own), 4)  # no currency has more decimals
        quarters.append(f"{name} {whole(amount)} ({percent(amount / total, signed=False)})")
    yield f"By quarter: {', '.join(quarters)}."


def percent(share: float | None, *, signed: bool = True) -> str | None:
    """As the pages say it: halves away from zero, and no sign where there is no change."""
    if share is None:
        return None
    rounded = rounded_to(share, 3)
    sign = "+" if signed and rounded > 0 else ""
    return f"{sign}{rounded or abs(rounded):.1%}"


def unit_in_words(unit: str | None, units: Mapping[str, str]) -> str:
    return "Company" if unit is None else units.get(unit, unit)


def with_ids(ids: Iterable[str], names: Iterable[str | None]) -> dict[str, str]:
    """By id `West (w-1)`, or the name alone where it is the id but for case, or no name."""
    return {
        key: f"{name} ({key})" if name and name.casefold() != key.casefold() else name or key
        for key, name in zip(ids, names, strict=True)
    }


def rules_in_words(binding: Sequence[str], units: Mapping[str, str] = _NO_NAMES) -> str:
    return ", ".join(rule_in_words(name, units) for name in binding)


def rule_in_words(
    name: str, units: Mapping[str, str] = _NO_NAMES, reps: Mapping[str, str] = _NO_NAMES
) -> str:
    """`cap` is an upper limit, `unit:west:max` the maximum of West; ids may contain colons.

    `units` and `reps` say what those are called by id; whoever is not there is called by the id.
    """
    kind, _, rest = name.partition(":")
    if not rest:
        return _SIDES.get(kind, kind)
    if kind == _PARITY:
        return f"balance of {rest}"
    of, _, side = rest.rpartition(":")
    if kind == _MARGIN:
        return f"margin floor {of}"
    called = {_UNIT: units, _REP: reps}.get(kind, _NO_NAMES)
    return f"{_SIDES.get(side, side)} of {called.get(of, of)}"


def crossing_rule_in_words(rule: Mapping[str, Any]) -> str:
    """`group overlay`, or of one peer group of a balance `role AE`."""
    kind, _, key = rule["rule"].partition(":")
    return f"{key} {rule['peers']}" if kind == _PARITY else f"{kind} {key}"


def conflict_in_words(
    detail: str,
    found: Mapping[str, Any],
    units: Mapping[str, str] = _NO_NAMES,
    reps: Mapping[str, str] = _NO_NAMES,
) -> str:
    """The conflict, and the smallest change that mends it, in lines."""
    limits, conflict = found["feasible_target"], found["conflict"]
    upper = "any amount" if limits["max"] is None else f"{limits['max']:,}"
    return "\n".join(
        [
            f"The rules cannot all hold. {_called(detail, conflict[0]['rule'], units, reps)}",
            "  These cannot hold together:",
            *(f"    {rule_in_words(rule['rule'], units, reps)} = {rule['value']:,}"
              for rule in conflict),
            "  The smallest change that mends it:",
            *(f"    {change}" for change in changes_in_words(found["relaxation"], units, reps)),
            f"  Then targets from {limits['min']:,} to {upper} are feasible.",
        ]
    )  # fmt: skip


def _called(detail: str, rule: str, units: Mapping[str, str], reps: Mapping[str, str]) -> str:
    """The sentence with the unit or rep, whom it begins with by the id, called by the name; the
    first rule of a conflict is theirs.
    """
    kind, _, rest = rule.partition(":")
    key = rest.rpartition(":")[0]
    called = {_UNIT: units, _REP: reps}.get(kind, _NO_NAMES)
    subject = f"{kind.capitalize()} {key} "
    if key not in called or not detail.startswith(subject):
        return detail
    return f"{kind.capitalize()} {called[key]} {detail.removeprefix(subject)}"


def changes_in_words(
    relaxation: Sequence[Mapping[str, Any]],
    units: Mapping[str, str] = _NO_NAMES,
    reps: Mapping[str, str] = _NO_NAMES,
) -> Iterator[str]:
    """`maximum of West: 480,000 -> 520,000` for each rule that gives way."""
    for change in relaxation:
        to = "no limit" if change["to"] is None else f"{change['to']:,}"
        yield f"{rule_in_words(change['rule'], units, reps)}: {change['from']:,} -> {to}"


def held_in_words(gap: Mapping[str, Any], units: Mapping[str, str]) -> str:
    """`; held by maximum of product (6 reps), upper limit (1 rep)`, or nothing."""
    told = [
        f"{rule_in_words(limit['rule'], units)} "
        f"({limit['reps']:,} {'rep' if limit['reps'] == 1 else 'reps'})"
        for limit in gap["held_by"] or ()
    ]
    return f"; held by {', '.join(told)}" if told else ""


def gaps_in_words(
    gaps: Sequence[Mapping[str, Any]],
    units: Mapping[str, str] = _NO_NAMES,
) -> Iterator[str]:
    """`10,000 in West, for m-12 to sign; held by …` for each part that nobody can carry."""
    for gap in gaps:
        where = (
            "in the company" if gap["unit"] is None else f"in {units.get(gap['unit'], gap['unit'])}"
        )
        signer = "" if gap["owner"] is None else f", for {gap['owner']} to sign"
        why = held_in_words(gap, units)
        yield f"{gap['amount']:,} {where}{signer}{why}"
