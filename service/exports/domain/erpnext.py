"""`erpnext`: documents of ERPNext, one a line: a Target Detail of each Sales Person, and before it
the Monthly Distribution that it names, unless one like it stands above.

Source: the document types of ERPNext. A month's target there is target * percentage / 100. With the
nine decimals that its database keeps, that is the month's quota to the minor unit, for targets up
to 5 * 10**10 minor units; percentages add up to 100 exactly.
"""

import hashlib
from calendar import month_name
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Final

import orjson

from service.exports.domain.published import Measure, Published, Quota
from service.kit.money import from_minor

_YEAR: Final = 12
_PARTS: Final = 10**9
"""Of one percent."""


def faults(published: Published) -> Iterator[str]:
    if (count := len(published.months)) > _YEAR:
        yield (
            "A Monthly Distribution of ERPNext has each month once, and the plan has "
            f"{count} months."
        )


def write(published: Published, stream: BinaryIO, *, fiscal_year: str | None) -> None:
    [measure] = published.measures
    year = fiscal_year or _year_of(published)
    told: set[str] = set()
    for quota in measure.quotas:
        distribution = _distribution(published.months, quota.months, year)
        if distribution and distribution["distribution_id"] not in told:
            told.add(distribution["distribution_id"])
            _add(stream, distribution)
        _add(stream, _target(measure, quota, year, distribution))


def _add(stream: BinaryIO, document: dict[str, Any]) -> None:
    stream.write(orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE))


def _year_of(published: Published) -> str:
    """As ERPNext calls them: `2027`, or `2027-2028` where it ends in another year."""
    first, last = published.first.year, published.last.year
    return f"{first}" if first == last else f"{first}-{last}"


def _target(
    measure: Measure, quota: Quota, year: str, distribution: dict[str, Any] | None
) -> dict[str, Any]:
    amount = from_minor(sum(quota.months), measure.digits)
    return {
        "doctype": "Target Detail",
        "parenttype": "Sales Person",
        "parentfield": "targets",
        "parent": quota.rep,
        "item_group": None,
        "fiscal_year": year,
        "target_qty": 0 if measure.currency else amount,
        "target_amount": amount if measure.currency else 0,
        "distribution_id": distribution and distribution["distribution_id"],
    }


def _distribution(names: Sequence[str], months: Sequence[int], year: str) -> dict[str, Any] | None:
    """Called by what it says, so that equal ones are one. None: there is nothing to distribute."""
    if not any(months):
        return None
    shares = [
        {"month": month_name[int(name[5:])], "percentage_allocation": part / _PARTS}
        for name, part in zip(names, percentages(months), strict=True)
    ]
    print_ = hashlib.sha256(orjson.dumps([year, shares])).hexdigest()[:16]
    return {
        "doctype": "Monthly Distribution",
        "distribution_id": f"FairQuota {year} {print_}",
        "fiscal_year": year,
        "percentages": shares,
    }


def percentages(months: Sequence[int]) -> list[int]:
    """The part of each month in billionths of a percent, rounded by largest remainder: they add up
    to 100 percent. Of equal remainders the earlier month's goes up.
    """
    total, hundred = sum(months), 100 * _PARTS
    parts = [amount * hundred // total for amount in months]
    rest = [amount * hundred % total for amount in months]
    most = sorted(range(len(months)), key=lambda k: -rest[k])
    for k in most[: hundred - sum(parts)]:
        parts[k] += 1
    return parts
