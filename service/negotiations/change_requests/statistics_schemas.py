"""What the API says about who asks for changes and what is granted."""

from typing import Self

from pydantic import BaseModel, Field

from service.allocations.fairness_report.schemas import ShareOut
from service.negotiations.change_requests.domain.life import ChangeRequestStatus
from service.negotiations.change_requests.domain.statistics import (
    Decided,
    NotTold,
    Table,
)
from service.negotiations.change_requests.usecases.counting import Counted


class DecidedOut(BaseModel):
    """What was decided about requests of five or more people."""

    requests: int = Field(description="Accepted or rejected")
    granted: ShareOut = Field(description="Accepted, of these")
    mean_granted_share: float = Field(
        description="Of what was asked for: 0 for a rejection and for resources, 1 for all of it"
    )

    @classmethod
    def of(cls, decided: Decided | None) -> Self | None:
        if decided is None:
            return None
        return cls(
            requests=decided.requests,
            granted=ShareOut.of(decided.granted),
            mean_granted_share=round(decided.mean_share, 3),
        )


class GroupCountsOut(BaseModel):
    group: str
    asking: ShareOut = Field(description="Of the people of the group, those who asked")
    decided: DecidedOut | None = Field(
        description="null where fewer than five people would be told of"
    )


class GroupTableOut(BaseModel):
    """The groups of one attribute."""

    attribute: str = Field(
        description="`tenure_years`, `quota_fifth` (1: the smallest quotas), `cohort:…`"
    )
    groups: list[GroupCountsOut]
    not_told: int = Field(description="People of groups that are not told, or of none")
    reason: NotTold | None = Field(description="Why there are no groups")

    @classmethod
    def of(cls, table: Table) -> Self:
        groups = [
            GroupCountsOut(
                group=each.group,
                asking=ShareOut.of(each.asking),
                decided=DecidedOut.of(each.decided),
            )
            for each in table.groups
        ]
        return cls(
            attribute=table.attribute, groups=groups, not_told=table.not_told, reason=table.reason
        )


class StatisticsOut(BaseModel):
    """The requests about one version. Figures say what was decided, not why."""

    version: int
    requests: dict[ChangeRequestStatus, int] = Field(description="By status")
    people: int = Field(description="With a quota in the version")
    asking: ShareOut | None
    decided: DecidedOut | None
    tables: list[GroupTableOut]

    @classmethod
    def of(cls, counted: Counted) -> Self:
        found = counted.statistics
        return cls(
            version=counted.version,
            requests=dict(counted.statuses),
            people=found.people,
            asking=None if found.asking is None else ShareOut.of(found.asking),
            decided=DecidedOut.of(found.decided),
            tables=[GroupTableOut.of(table) for table in found.tables],
        )
