"""What stands in a proof, as JSON has it: the whole document, and the values in it.

Only what is checked is named here and beside it (`manifest.py`, `rows.py`); a document says more
(see `versions/describe.py`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config

from service.allocations.versions.domain.written.content import Row
from service.plans.domain import MAX_MONTHS
from solver.problem import AMOUNT_LIMIT

OPEN = ConfigDict(extra="allow", allow_inf_nan=False, strict=True)
Amount = Annotated[int, Field(ge=0, le=AMOUNT_LIMIT)]
Signed = Annotated[int, Field(ge=-AMOUNT_LIMIT, le=AMOUNT_LIMIT)]
Count = Annotated[int, Field(ge=1, le=AMOUNT_LIMIT)]
NotNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Factor = Annotated[float, Field(ge=-1, le=1e6)]
Chance = Annotated[float, Field(gt=0, lt=1)]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Months = Annotated[list[Amount], Field(min_length=1, max_length=MAX_MONTHS)]
Month = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}$")]


class UnreadableProof(ValueError):
    """The document is no proof of a version; the message says what is amiss."""


@with_config(OPEN)
class MeasureRows(TypedDict):
    """The rows of a further measure."""

    measure: str
    units: list[Row]
    rules: list[Row]
    quotas: list[Row]


class ProofDocument(TypedDict):
    """The whole of a version, as one JSON document."""

    format: Literal["fairquota.proof/1"]
    hash: str
    manifest: dict[str, Any]
    units: list[Row]
    rules: NotRequired[list[Row]]
    quotas: list[Row]
    measures: NotRequired[list[MeasureRows]]


_DOCUMENT = TypeAdapter(ProofDocument)


def read_document(value: Any) -> ProofDocument:
    """Raises `UnreadableProof`."""
    return read_as(_DOCUMENT, value)


def read_as[T](adapter: TypeAdapter[T], value: Any) -> T:
    """A JSON value in its shape. Raises `UnreadableProof`, which names the first fault."""
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in fault["loc"]) or "the document"
        raise UnreadableProof(f"{place}: {fault['msg']}") from None
