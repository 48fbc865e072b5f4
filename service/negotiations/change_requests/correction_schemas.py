"""What the API takes as inputs corrected."""

from typing import Annotated, NotRequired, Required, TypedDict

from pydantic import Field, with_config

from service.kit.values import STRICT_ROW, Day, Key, Measure
from service.roster.schemas import AbsenceRow, HistoryRow, TerritoryRow


@with_config(STRICT_ROW)
class RepCorrectionIn(TypedDict):
    """What is right of a rep; what is left out stays."""

    id: Required[Annotated[Key, Field(examples=["r1"])]]
    potential: NotRequired[Annotated[Measure | None, Field(examples=[800000])]]
    capacity: NotRequired[Annotated[Measure | None, Field(examples=[None])]]
    last_year: NotRequired[Annotated[Measure | None, Field(examples=[None])]]
    hired: NotRequired[Annotated[Day | None, Field(examples=[None])]]
    absences: NotRequired[Annotated[list[AbsenceRow] | None, Field(max_length=500)]]
    """All of them: those that are known are replaced."""


@with_config(STRICT_ROW)
class CorrectionIn(TypedDict):
    """Inputs as they should have been."""

    reps: NotRequired[Annotated[list[RepCorrectionIn] | None, Field(max_length=1000)]]
    territories: NotRequired[Annotated[list[TerritoryRow] | None, Field(max_length=1000)]]
    """Of territories that the inputs have."""
    history: NotRequired[Annotated[list[HistoryRow] | None, Field(max_length=10_000)]]
    """Sales of months; each replaces all rows of its rep or territory, month and product."""
