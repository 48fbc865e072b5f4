"""How quotas are spread over months: the season that a policy names, and whose working days count.

It stands in the policy, and the solver of quotas knows nothing of it: months never change a quota.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from service.kit.errors import Fault, pointer
from solver.spread.calendar import known_countries

LEARNED: Final = "learned"
EVEN: Final = "even"


@dataclass(frozen=True, slots=True)
class Spreading:
    """The season of quotas, which `read_spreading` reads from a policy."""

    season: str | tuple[float, ...] = LEARNED
    """`learned`, `even`, or a weight for each month or quarter of the period."""
    country: str | None = None
    """ISO 3166 code; None: every Monday to Friday is worked."""

    @property
    def asks_for_months(self) -> bool:
        """Whether it says anything that makes no sense without months."""
        return self != BY_HISTORY


BY_HISTORY: Final = Spreading()


def read_spreading(body: Mapping[str, Any] | None) -> Spreading:
    """Of a policy in which `spreading_faults` finds none; left out and null mean the default."""
    given = body or {}
    season = given.get("season") or LEARNED
    return Spreading(season if isinstance(season, str) else tuple(season), given.get("country"))


def spreading_faults(given: Mapping[str, Any], path: tuple[str | int, ...]) -> Iterator[Fault]:
    """What the shape of a policy's season and country does not tell."""
    weights, country = given.get("season"), given.get("country")
    if isinstance(weights, list) and not sum(weights):
        yield Fault(pointer((*path, "season")), "has no weight above 0", weights)
    if country is not None and country not in known_countries():
        reason = "is no country whose holidays are known; use a code such as CN or US"
        yield Fault(pointer((*path, "country")), reason, country)


def stored_spreading(spreading: Spreading) -> dict[str, Any]:
    """The members of a stored policy, as they could be sent again."""
    season = spreading.season
    return {
        "season": season if isinstance(season, str) else list(season),
        "country": spreading.country,
    }
