"""Keys over HTTP; the text of a key is answered once, when it is made or rotated."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from service.keys import usecases
from service.keys.domain import KeyIsOver, KeyNotFound, LastAdministratorKey
from service.keys.repository import Keys
from service.keys.schemas import KeyIn, KeyOut, NewKeyOut, RotateIn
from service.kit.access import Permission, needs
from service.kit.auth import CallerDep
from service.kit.body import json_body
from service.kit.clock import NowDep
from service.kit.db import ReadSessionDep, SessionDep
from service.kit.pages import Page, PageDep
from service.kit.problems import problems

router = APIRouter(
    prefix="/keys", tags=["keys"], dependencies=[Depends(needs(Permission.MANAGE_KEYS))]
)

KeyIdPath = Annotated[str, Path(description="key_…")]


@router.post("", status_code=201)
def create_key(
    body: Annotated[KeyIn, json_body(KeyIn)],
    response: Response,
    caller: CallerDep,
    session: SessionDep,
    now: NowDep,
) -> NewKeyOut:
    """Make a key. Its text is in this answer and never in another."""
    terms = usecases.Terms(**dict(body))
    key, text = usecases.create_key(session, caller, terms, now=now)
    _keep_out_of_caches(response)
    return NewKeyOut.with_text(key, text)


@router.get("")
def list_keys(caller: CallerDep, session: ReadSessionDep, page: PageDep) -> Page[KeyOut]:
    """All keys, newest first, with those that are revoked or have expired."""
    keys, next_cursor = Keys(session, caller.workspace_id).page(page)
    return Page(items=[KeyOut.of(key) for key in keys], next_cursor=next_cursor)


@router.post("/{key_id}/rotate", responses=problems(KeyNotFound, KeyIsOver))
def rotate_key(
    key_id: KeyIdPath,
    *,
    body: Annotated[RotateIn, json_body(RotateIn)],
    response: Response,
    caller: CallerDep,
    session: SessionDep,
    now: NowDep,
) -> NewKeyOut:
    """Give a key a new text, which is in this answer and never in another.

    The text of before works for `overlap` seconds more.
    """
    overlap = timedelta(seconds=body.overlap)
    key, text = usecases.rotate_key(session, caller, key_id, now=now, overlap=overlap)
    _keep_out_of_caches(response)
    return NewKeyOut.with_text(key, text)


@router.delete(
    "/{key_id}",
    status_code=204,
    response_class=Response,
    responses=problems(KeyNotFound, LastAdministratorKey),
)
def revoke_key(key_id: KeyIdPath, caller: CallerDep, session: SessionDep, now: NowDep) -> None:
    """Revoke a key: from the next call on it opens nothing.

    The last valid key of an administrator stays, so that nobody is locked out.
    """
    usecases.revoke_key(session, caller, key_id, now=now)


def _keep_out_of_caches(response: Response) -> None:
    response.headers["Cache-Control"] = "no-store"
