"""`hubspot`: goals of HubSpot's CRM, each line the body of one `goal_targets/batch/create`.

Source: HubSpot's guide to goals and its public API specification. A monthly goal is a family of
twelve slices that share both ids of the family; one slice alone must not be changed.
"""

from calendar import monthrange
from collections.abc import Iterator
from itertools import batched
from typing import Any, BinaryIO, Final
from uuid import NAMESPACE_URL, uuid5

import orjson

from service.exports.domain.published import Measure, Published, Quota

SLICES: Final = 12
_FAMILIES: Final = 8
"""In a line: 96 slices, and HubSpot takes 100 at once."""


def faults(published: Published) -> Iterator[str]:
    if len(published.months) != SLICES:
        yield (
            f"A monthly goal of HubSpot has {SLICES} slices, and the plan has "
            f"{len(published.months)} months."
        )
    for measure in published.measures:
        if measure.currency is None:
            yield f"A sales quota of HubSpot is money, and {measure.name} counts things."


def write(published: Published, stream: BinaryIO) -> None:
    [measure] = published.measures
    families = (_family(published, measure, quota) for quota in measure.quotas)
    for some in batched(families, _FAMILIES):
        body = {"inputs": [one for family in some for one in family]}
        stream.write(orjson.dumps(body, option=orjson.OPT_APPEND_NEWLINE))


def _family(published: Published, measure: Measure, quota: Quota) -> list[dict[str, Any]]:
    """Its ids are the same in every version of the plan: so its slices are found again."""
    about = NAMESPACE_URL
    for name in ("fairquota", published.plan_id, measure.name, quota.rep):
        about = uuid5(about, name)  # one after the other: any of them may hold any character
    shared = {
        "hs_goal_name": f"{published.plan}: {measure.name}",
        "hs_goal_type": "sales_quota",
        "hs_milestone": "monthly",
        "hs_group_correlation_uuid": str(uuid5(about, "family")),
        "hs_goal_target_group_id": str(uuid5(about, "group")),
        "hubspot_owner_id": quota.rep,
    }
    return [
        {
            "properties": shared | _moments(month) | {"hs_target_amount": str(amount)},
            "associations": [],
        }
        for month, minor in zip(published.months, quota.months, strict=True)
        for amount in [measure.amount(minor)]
    ]


def _moments(month: str) -> dict[str, str]:
    """First and last millisecond of a month."""
    last = monthrange(int(month[:4]), int(month[5:]))[1]
    return {
        "hs_start_datetime": f"{month}-01T00:00:00.000Z",
        "hs_end_datetime": f"{month}-{last}T23:59:59.999Z",
    }
