"""Things of several kinds, of which each says certain fields and no others.

The border reads the shape of a body; here is what the kind of a thing asks of it. What was said is
stored as JSON and read again as it was.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

from pydantic import TypeAdapter

from service.kit.errors import Fault, pointer


@dataclass(frozen=True, slots=True)
class Fields:
    """What a kind has to say, and what it may say besides."""

    needed: frozenset[str]
    optional: frozenset[str]
    beside: frozenset[str]
    """What every kind may say."""

    @classmethod
    def of(cls, needed: str, optional: str = "", beside: str = "") -> Self:
        """Of names with spaces between them."""
        return cls(*(frozenset(names.split()) for names in (needed, optional, beside)))

    @property
    def known(self) -> frozenset[str]:
        return self.needed | self.optional | self.beside

    def faults(
        self,
        row: Mapping[str, Any],
        called: str,
        *,
        at: tuple[str | int, ...] = (),
        untold: Collection[str] = ("kind",),
        by_null: Collection[str] = (),
    ) -> Iterator[Fault]:
        """What a row of the kind leaves out, and what it says that is not its to say.

        `called`: the kind in a sentence; `at`: where the row stands; `untold`: what a
        row of any kind has besides; `by_null`: fields of which null says something, too.
        """
        said = {name for name, value in row.items() if value is not None}
        for name in sorted(self.needed - said - (row.keys() & set(by_null))):
            reason = f"is needed: {called} says {listed(self.needed)}"
            yield Fault(pointer((*at, name)), reason)
        for name in sorted(said - self.known - set(untold)):
            reason = f"is not said by {called}, which says {listed(self.known)}"
            yield Fault(pointer((*at, name)), reason, row[name])


def listed(names: Collection[str]) -> str:
    """`amount, date and reference`."""
    *others, last = sorted(names)
    return f"{', '.join(others)} and {last}" if others else last


class Stored:
    """A dataclass that is stored as JSON, without what it does not say (None), and read again."""

    __slots__ = ()

    def stored(self) -> dict[str, Any]:
        row: dict[str, Any] = self._adapter().dump_python(self, mode="json", exclude_none=True)
        return row

    @classmethod
    def of_stored(cls, row: Mapping[str, Any]) -> Self:
        said: Self = cls._adapter().validate_python(row)
        return said

    @classmethod
    def _adapter(cls) -> TypeAdapter[Any]:
        return _adapter_of(cls)  # type: ignore[arg-type] # a class hashes, whatever its instances do


@cache
def _adapter_of(kind: type[Stored]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
