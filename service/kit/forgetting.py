"""Somebody whom the service has to forget, as every table that may name them is asked to.

What is hashed names people by their companies' own keys alone, so nothing of it changes. Where
somebody acted, the id under which they did stands in place of their name; where there is no id,
`ERASED` does.
"""

import re
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
        if told := sorted(map(re.escape, self.told)):
            # no letter of the same word beside it; Chinese is written without spaces
            word = rf"(?<![A-Za-z0-9])(?:{'|'.join(told)})(?![A-Za-z0-9])"
            object.__setattr__(self, "_spelled", re.compile(word, re.IGNORECASE))

    @property
    def told(self) -> frozenset[str]:
        """The names that are looked for in what people wrote; never the key."""
        called = (name.strip() for name in self.names | self.signatures)
        return frozenset(name for name in called if len(name) >= _SHORTEST) - {self.rep}

    def is_named_in(self, text: str | None) -> bool:
        return bool(text and self._spelled and self._spelled.search(text))

    def may_be_named_in(self, column: InstrumentedAttribute[Any]) -> sa.ColumnElement[bool]:
        """Whether to look there: what `is_named_in` finds is among it, where a database knows
        capital letters of other scripts than Latin; small ones of ours it does.
        """
        return sa.or_(sa.false(), *(column.icontains(name, autoescape=True) for name in self.told))

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


def changed(session: Session, statement: sa.Update | sa.Delete) -> int:
    """Carry it out; answers how many rows that were."""
    return cast("sa.CursorResult[Any]", session.execute(statement)).rowcount


def in_bulk(session: Session, table: type[Base], rows: Sequence[dict[str, Any]]) -> int:
    """Change rows, each by its primary key, past the objects of the session."""
    if rows:
        session.execute(sa.update(table), rows)
    return len(rows)
