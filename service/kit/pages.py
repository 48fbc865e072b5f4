"""Lists in pages, by keyset: `{"items": […], "next_cursor": …}`.

A cursor is the last row's key, so rows that come or go meanwhile make no page skip or repeat one.
It is opaque and checked; it grants nothing, for every query filters by workspace itself.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import Depends, Query
from pydantic import BaseModel
from sqlalchemy.orm import InstrumentedAttribute, Session

from service.kit.problems import InvalidParameters

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000
_CHECK_BYTES = 6


class Page[T](BaseModel):
    """Some items of a list; `next_cursor` is null on the last page."""

    items: Sequence[T]
    next_cursor: str | None

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """`PlanPage` of `PlanOut`: what the OpenAPI document and generated clients call it."""
        return f"{params[0].__name__.removesuffix('Out')}Page"


@dataclass(frozen=True, slots=True)
class PageRequest:
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None

    def after[K: (str, int)](self, listing: str, key: type[K]) -> K | None:
        """The key after which the page begins; raises InvalidParameters for a foreign cursor.

        `listing` names the list, so that a cursor of another list is refused.
        """
        if self.cursor is None:
            return None
        try:
            raw = base64.urlsafe_b64decode(self.cursor + "=" * (-len(self.cursor) % 4))
            check, text = raw[:_CHECK_BYTES], raw[_CHECK_BYTES:]
            value = json.loads(text) if check == _check(listing, text) else None
        except (binascii.Error, ValueError):
            value = None
        if type(value) is not key:
            fault = {"parameter": "cursor", "detail": "is no cursor of this list"}
            raise InvalidParameters("Take cursor from next_cursor as it came.", errors=[fault])
        return value


async def page_request(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(description="next_cursor of the page before")] = None,
) -> PageRequest:
    return PageRequest(limit, cursor)


PageDep = Annotated[PageRequest, Depends(page_request)]


def cursor_after(listing: str, key: str | int) -> str:
    text = json.dumps(key).encode()
    return base64.urlsafe_b64encode(_check(listing, text) + text).rstrip(b"=").decode()


def _check(listing: str, text: bytes) -> bytes:
    return hashlib.sha256(listing.encode() + b"\0" + text).digest()[:_CHECK_BYTES]


def fetch_page[Row](
    session: Session,
    query: sa.Select[Row],
    page: PageRequest,
    by: InstrumentedAttribute[Any],
    *,
    listing: str,
    newest_first: bool = False,
) -> tuple[Sequence[Row], str | None]:
    """One page of `query` in the order of the unique column `by`, and the cursor of the next."""
    key: type[Any] = by.type.python_type
    if (after := page.after(listing, key)) is not None:
        query = query.where(by < after if newest_first else by > after)
    rows = session.scalars(
        query.order_by(by.desc() if newest_first else by).limit(page.limit + 1)
    ).all()
    if len(rows) <= page.limit:
        return rows, None
    rows = rows[: page.limit]
    return rows, cursor_after(listing, getattr(rows[-1], by.key))
