"""`oracle-ic`: quota goals of participants, as Oracle Incentive Compensation imports them.

Source: "Import Quota Management Goals for Participants", Oracle Fusion Cloud Sales. The import
fails if one of the eight columns is moved or missing.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import BinaryIO, Final

from service.exports.domain.published import Published, SystemCannotHold
from service.exports.domain.tables import Table
from service.kit.spreadsheets import Cell
from service.roster.domain import Person

COLUMNS: Final = (
    "Territory", "Participant", "Email Address", "Measure (Goal Name)", "Start Date", "End Date",
    "Goal (Quota)", "Unit of Measure",
)  # fmt: skip
EMAIL: Final = "email"
"""The attribute of a rep with the address."""


def write(published: Published, stream: BinaryIO) -> None:
    Table(COLUMNS, _rows(published)).write(stream)


def _rows(published: Published) -> Iterator[Sequence[Cell]]:
    """Raises SystemCannotHold where Oracle would take two people for one."""
    participants: dict[tuple[str, str | None], str] = {}
    for measure in published.measures:
        unit_of_measure = measure.currency or measure.counted_in
        for quota in measure.quotas:
            name, email = _participant(published.people.get(quota.rep, Person()), quota.rep)
            if (known := participants.setdefault((name, email), quota.rep)) != quota.rep:
                raise SystemCannotHold(
                    f"{known} and {quota.rep} have the same name and the same e-mail address, or "
                    "none, and oracle-ic tells people apart by these. Give each an attribute "
                    f"`{EMAIL}` of their own."
                )
            for k in range(len(published.months)):
                for dated in published.dated(quota, k):
                    yield (
                        dated.unit,
                        name,
                        email,
                        measure.name,
                        _day(dated.first),
                        _day(dated.last),
                        measure.amount(dated.amount),
                        unit_of_measure,
                    )


def _participant(person: Person, rep: str) -> tuple[str, str | None]:
    """The name, or the id where there is none, and the e-mail address."""
    email = (person.attributes or {}).get(EMAIL)
    return person.name or rep, email if isinstance(email, str) else None


@lru_cache(1000)
def _day(day: date) -> str:
    return f"{day:%Y/%m/%d}"
