"""What the API says about files that were read."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, Field

from service.roster.files import FileFault


class FileNote(BaseModel):
    """A cell, row or file, and what there is to say of it."""

    file: str = Field(examples=["reps.csv"])
    line: int | None = Field(
        description="From 1, the header included; in Parquet, which has none, the row from 1",
        examples=[4],
    )
    column: str | None = Field(examples=["目标"])
    value: str | None = Field(examples=["10.5万"])
    detail: str = Field(examples=["was read as 105000"])


def notes_of(faults: Sequence[FileFault]) -> list[FileNote]:
    return [FileNote.model_validate(fault.as_json()) for fault in faults]
