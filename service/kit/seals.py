"""Rows that show it when they are no longer what the service wrote.

    seal    SHA-256 of all other columns of the row, written together with them

A bit that flips on a disk, and an edit in SQL, leave a seal that does not fit; `…/verify` and
`fairquota db verify` look. What a version says is besides covered by its own hash and by those of
the versions made of it. A seal also covers what may change in a row's life (its state, its dates)
and what stands beside the chain (notes, authors), and the stored bytes of what is compressed.

Whoever can write to the database can also write a fitting seal, so a seal is no signature: against
such people the head of the chain is told outside at each publication.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Mapper, mapped_column

_SEAL = "seal"


class Sealed:
    """A table whose rows carry a seal; None: a release without seals wrote the row.

    Rows that are written past the ORM need it from `seal_of`.
    """

    unsealed: ClassVar[frozenset[str]] = frozenset()
    """Columns that the seal does not cover, because the database fills them, or another hash does.
    """
    seal: Mapped[str | None] = mapped_column(sa.String(71))

    @property
    def is_intact(self) -> bool:
        return self.seal is None or self.seal == seal_of(_columns(self))


def resealed(row: Sealed, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes of a row, with the seal that then fits. A row that is damaged keeps its seal, for
    else nobody would see that any more.
    """
    if row.seal is None or not row.is_intact:
        return dict(changes)
    return {**changes, _SEAL: seal_of(_columns(row) | dict(changes))}


def seal_of(row: Mapping[str, Any]) -> str:
    """The seal of these columns; those without a value may be left out."""
    said = {name: value for name, value in row.items() if value is not None and name != _SEAL}
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), default=_written)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _written(value: object) -> str:
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"a column of {type(value).__name__} cannot be sealed")


def _columns(row: Sealed) -> dict[str, Any]:
    names = sa.inspect(type(row)).column_attrs.keys()
    return {name: getattr(row, name) for name in names if name not in row.unsealed}


@sa.event.listens_for(Sealed, "before_insert", propagate=True)
@sa.event.listens_for(Sealed, "before_update", propagate=True)
def _put_seal(mapper: Mapper[Any], _connection: sa.Connection, row: Sealed) -> None:
    for attribute in mapper.column_attrs:
        default: Any = attribute.columns[0].default
        # which SQLAlchemy would fill in after this
        if default is not None and default.is_scalar and getattr(row, attribute.key) is None:
            setattr(row, attribute.key, default.arg)
    row.seal = seal_of(_columns(row))
