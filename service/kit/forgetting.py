"""Somebody whom the service has to forget, as every table that may name them is asked to.

What is hashed names people by their companies' own keys alone, so nothing of it changes. Where
somebody acted, the id under which they did stands in place of their name; where there is no id,
`ERASED` does.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from service.kit.db import Base

ERASED: Final = "erased"
SUBJECT: Final = "people"
"""To what an erasure was done, in the trail; triggers of the database look for it."""
_SHORTEST: Final = 2
"""Characters of a name that is looked for in texts."""
_ESCAPE: Final = "/"
_SPECIAL: Final = frozenset("%_/")
"""Characters that LIKE takes for something else."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A person, and by what they may be found; all of one workspace."""

    workspace_id: str
    rep: str
    """The company's own key, which stays."""
    names: frozenset[str] = frozenset()
    """What they were called in plans."""
    actors: frozenset[str] = frozenset()
    """Under which ids they acted: their keys, and the subjects of their identities."""
    signatures: frozenset[str] = frozenset()
    """What they were called where they acted."""
    plans: frozenset[str] = frozenset()
    """In which they acted."""
    _spelled: re.Pattern[str] | None = field(init=False, default=None, compare=False)

    def __post_init__(self) -> None:
        if told := sorted(self.told):
            names = (r"\s+".join(map(re.escape, name.split())) for name in told)
            # no letter of the same word beside it; Chinese is written without spaces
            word = rf"(?<![A-Za-z0-9])(?:{'|'.join(names)})(?![A-Za-z0-9])"
            object.__setattr__(self, "_spelled", re.compile(word, re.IGNORECASE))

    @property
    def told(self) -> frozenset[str]:
        """The names that are looked for in what people wrote; never the key."""
        called = (_composed(name).strip() for name in self.names | self.signatures)
        return frozenset(name for name in called if len(name) >= _SHORTEST) - {self.rep}

    def is_named_in(self, text: str | None) -> bool:
        """Whether the name stands there as whole words, however it is broken into lines, in capital
        or small letters, and with accents written either way.
        """
        return bool(text and self._spelled and self._spelled.search(_composed(text)))

    def may_be_named_in(self, column: InstrumentedAttribute[Any]) -> sa.ColumnElement[bool]:
        """Whether to look there: all that `is_named_in` finds is among it, in every database."""
        likely = (column.ilike(f"%{_pattern(name)}%", escape=_ESCAPE) for name in self.told)
        return sa.or_(sa.false(), *likely)

    def unsign(self, session: Session, *columns: InstrumentedAttribute[Any]) -> int:
        """Of tables with a plan and a workspace that keep names of actors without their ids:
        `ERASED` in place of theirs, in plans in which they acted. Answers in how many places.
        """
        return sum(self._unsigned(session, column) for column in columns)

    def _unsigned(self, session: Session, column: InstrumentedAttribute[Any]) -> int:
        table = cast("type[Base]", column.class_).__table__
        own = table.c[column.key]
        return changed(
            session,
            sa.update(table)  # type: ignore[arg-type] # no mapper has a view
            .where(
                table.c.workspace_id == self.workspace_id,
                table.c.plan_id.in_(self.plans),
                own.in_(self.signatures),
            )
            .values({own: ERASED}),
        )


def _composed(text: str) -> str:
    """`é` as one character, where it may also be written as two."""
    return unicodedata.normalize("NFC", text)


def _pattern(name: str) -> str:
    """Of SQL's LIKE, with `%` for what databases do not compare as `is_named_in` does."""
    return "".join(
        f"{_ESCAPE}{own}" if own in _SPECIAL else own if _is_compared_alike(own) else "%"
        for own in name
    )


def _is_compared_alike(character: str) -> bool:
    """SQLite knows the capital letters of ASCII alone, and of an `I` the small one is another
    letter in Turkish.
    """
    if character.isascii():
        return not character.isspace() and character not in "iI"
    has_case = character.lower() != character.upper()
    return not has_case and unicodedata.is_normalized("NFD", character)


def changed(session: Session, statement: sa.Update | sa.Delete) -> int:
    """Carry it out; answers how many rows that were."""
    return cast("sa.CursorResult[Any]", session.execute(statement)).rowcount


def in_bulk(session: Session, table: type[Base], rows: Sequence[dict[str, Any]]) -> int:
    """Change rows, each by its primary key, past the objects of the session."""
    if rows:
        session.execute(sa.update(table), rows)
    return len(rows)
