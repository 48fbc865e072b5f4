"""What is wrong with files, by file, line and column, all of it at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.kit.errors import MAX_FAULTS, Unprocessable


@dataclass(frozen=True, slots=True)
class FileFault:
    """One thing to mend. `line` counts from 1, the header included; None is the whole file."""

    file: str
    line: int | None
    column: str | None
    value: str | None
    reason: str

    def __str__(self) -> str:
        line = "" if self.line is None else f":{self.line}"
        column = "" if self.column is None else f"column {self.column}"
        place = ", ".join(part for part in (f"{self.file}{line}", column) if part)
        value = "" if self.value is None else f" {self.value!r}"
        return f"{place}:{value} {self.reason}"

    def as_json(self) -> dict[str, str | int | None]:
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "value": self.value,
            "detail": self.reason,
        }


class FileFaults(Unprocessable):
    """The files have faults; nothing of them was used."""

    def __init__(self, faults: Sequence[FileFault]) -> None:
        """`faults` must not be empty."""
        self.faults = tuple(
            sorted(faults, key=lambda fault: (fault.file, fault.line or 0, fault.column or ""))
        )
        first, more = self.faults[0], len(self.faults) - MAX_FAULTS
        super().__init__(
            str(first) if len(self.faults) == 1 else f"{len(self.faults)} faults; first: {first}",
            errors=[fault.as_json() for fault in self.faults[:MAX_FAULTS]],
            **({"more": more} if more > 0 else {}),
        )
