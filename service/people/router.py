"""Erasure over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from service.kit.access import Permission, needs
from service.kit.auth import CallerDep
from service.kit.clock import NowDep
from service.kit.db import SessionDep
from service.people import usecases
from service.people.domain import MOST_CHARACTERS
from service.people.schemas import ErasureOut

router = APIRouter(
    prefix="/people", tags=["people"], dependencies=[Depends(needs(Permission.ERASE))]
)

RepPath = Annotated[
    str,
    Path(description="Your own key of the rep", max_length=MOST_CHARACTERS, pattern=r"^[^\x00]+$"),
]


@router.delete("/{rep:path}")
def erase_person(rep: RepPath, caller: CallerDep, session: SessionDep, now: NowDep) -> ErasureOut:
    """Erase a person in all plans: names, attributes, what people wrote about them, and their name
    wherever they acted. Every hash and proof stays valid, and quotas stay under your own key.

    Once more erases what has come back, if anything. What is put into a plan afterwards is stored
    again: take the name out of your CRM first.
    """
    return ErasureOut.of(rep, usecases.erase_person(session, caller, rep, now=now))
