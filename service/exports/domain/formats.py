"""The formats there are, and what each of them has no place for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from service.exports.domain import erpnext, hr_csv, hubspot, oracle_ic, salesforce, varicent
from service.exports.domain.published import Published
from service.kit.errors import NotFound

CSV: Final = "text/csv"
NDJSON: Final = "application/x-ndjson"
_LATER: Final = ("zoho", "fxiaoke", "jiandaoyun", "captivateiq", "successfactors")


class FormatNotFound(NotFound):
    """There is no such format."""


def _none(_published: Published) -> Iterator[str]:
    return iter(())


@dataclass(frozen=True, slots=True)
class Format:
    """How one system wants to be told."""

    name: str
    media_type: str
    write: Callable[..., None]
    """Of a `Published` and a stream; the `parameter` by its name."""
    faults: Callable[[Published], Iterator[str]] = _none
    """What the system has no place for, in words."""
    people_only: bool = True
    """It has no place for seats without a person."""
    names_people: bool = False
    one_measure: bool = False
    """Its rows do not say what they measure."""
    parameter: str | None = None
    """What only this format can be told."""

    def write_to(self, stream: BinaryIO, published: Published, said: str | None) -> None:
        """`said`: of its parameter."""
        more = {} if self.parameter is None else {self.parameter: said}
        self.write(published, stream, **more)

    def all_faults(self, published: Published) -> Iterator[str]:
        if self.one_measure and len(published.measures) > 1:
            names = ", ".join(measure.name for measure in published.measures)
            yield (
                f"{self.name} does not tell measures apart, and the version has {names}: ask for "
                "one after the other by ?measure=."
            )
        yield from self.faults(published)


FORMATS: Final = {
    own.name: own
    for own in (
        Format("hr-csv", CSV, hr_csv.write, people_only=False),
        Format("oracle-ic", CSV, oracle_ic.write, names_people=True),
        Format("varicent", CSV, varicent.write, people_only=False),
        Format("salesforce", CSV, salesforce.write, one_measure=True, parameter="forecasting_type"),
        Format("hubspot", NDJSON, hubspot.write, hubspot.faults, one_measure=True),
        Format(
            "erpnext",
            NDJSON,
            erpnext.write,
            erpnext.faults,
            one_measure=True,
            parameter="fiscal_year",
        ),
    )
}


def format_of(name: str) -> Format:
    """Raises FormatNotFound, which says what there is."""
    if (found := FORMATS.get(name)) is None:
        state = "is not built yet" if name in _LATER else "is no format"
        raise FormatNotFound(f"{name[:80]} {state}: there are {', '.join(FORMATS)}.")
    return found
