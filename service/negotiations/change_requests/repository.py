"""Stored change requests, as if they were a collection in memory."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.kit.auth import Caller, Role
from service.kit.forgetting import Forgotten, changed
from service.kit.ids import is_id
from service.kit.pages import PageRequest, fetch_page
from service.negotiations.change_requests.domain.life import (
    UNDECIDED,
    Action,
    ChangeRequestNotFound,
    ChangeRequestStatus,
    Side,
)
from service.negotiations.change_requests.tables import (
    ChangeRequest,
    ChangeRequestNote,
    ChangeRequestStep,
)

type Reach = Mapping[int, frozenset[str] | None]
"""Of each version, the units whose reps' requests are asked for; None: everybody's."""


class ChangeRequests:
    """Of one plan, which callers have found in their workspace before."""

    def __init__(self, session: Session, plan_id: str) -> None:
        self.session = session
        self.plan_id = plan_id

    def add(self, request: ChangeRequest) -> ChangeRequest:
        self.session.add(request)
        self.session.flush()
        return request

    def get(self, request_id: str, *, lock: bool = False) -> ChangeRequest:
        """Raises ChangeRequestNotFound. `lock`: others who decide wait for this transaction."""
        query = sa.select(ChangeRequest).filter_by(plan_id=self.plan_id, id=request_id)
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        found = self.session.scalar(query) if is_id("chg", request_id) else None
        if found is None:
            raise not_found(request_id)
        return found

    def among(self, ids: Collection[str]) -> Sequence[ChangeRequest]:
        """Those of these ids that are requests of the plan."""
        query = sa.select(ChangeRequest).where(
            ChangeRequest.plan_id == self.plan_id, ChangeRequest.id.in_(list(ids))
        )
        return self.session.scalars(query).all()

    def that_made(self, numbers: Collection[int]) -> dict[int, ChangeRequest]:
        """Those that one of these versions grants, by its number."""
        query = sa.select(ChangeRequest).where(
            ChangeRequest.plan_id == self.plan_id, ChangeRequest.granted_in.in_(list(numbers))
        )
        return {request.granted_in or 0: request for request in self.session.scalars(query)}

    def undecided(self, version: int, rep: str) -> ChangeRequest | None:
        query = sa.select(ChangeRequest).filter_by(plan_id=self.plan_id, version=version, rep=rep)
        return self.session.scalar(query.where(ChangeRequest.status.in_(UNDECIDED)))

    def versions(self) -> Sequence[int]:
        """Those that requests are about."""
        query = sa.select(ChangeRequest.version).filter_by(plan_id=self.plan_id)
        return self.session.scalars(query.distinct()).all()

    def page(
        self,
        page: PageRequest,
        reach: Reach,
        *,
        status: ChangeRequestStatus | None,
        rep: str | None,
    ) -> tuple[Sequence[ChangeRequest], str | None]:
        """Newest first, those about the versions and units of `reach`."""
        query = sa.select(ChangeRequest).filter_by(plan_id=self.plan_id)
        query = query.where(sa.or_(sa.false(), *map(_within, reach.items())))
        if status is not None:
            query = query.filter_by(status=status.value)
        if rep is not None:
            query = query.filter_by(rep=rep)
        return fetch_page(
            self.session,
            query,
            page,
            ChangeRequest.id,
            listing=f"change requests of {self.plan_id}",
            newest_first=True,
        )

    def about(self, version: int) -> Sequence[ChangeRequest]:
        """All requests about one version, oldest first."""
        query = sa.select(ChangeRequest).filter_by(plan_id=self.plan_id, version=version)
        return self.session.scalars(query.order_by(ChangeRequest.id)).all()

    def steps(self, request: ChangeRequest) -> Sequence[ChangeRequestStep]:
        """Oldest first."""
        query = sa.select(ChangeRequestStep).filter_by(request_id=request.id)
        return self.session.scalars(query.order_by(ChangeRequestStep.number)).all()

    def take_step(
        self, request: ChangeRequest, caller: Caller, action: Action, side: Side, *, now: datetime
    ) -> ChangeRequestStep:
        """Write down what was done, with the request as it stands after it."""
        count = sa.select(sa.func.count()).select_from(ChangeRequestStep)
        taken = self.session.scalar(count.filter_by(request_id=request.id)) or 0
        step = ChangeRequestStep(
            request_id=request.id,
            number=taken + 1,
            workspace_id=request.workspace_id,
            at=now,
            action=action.value,
            status=request.status,
            side=side.value,
            actor=caller.id,
            actor_name=caller.name,
            role=caller.role.value,
            lies_with=request.lies_with,
            amount=request.amount,
            funding=request.funding,
            effective=request.effective,
        )
        self.session.add(step)
        self.session.flush()
        return step

    def notes(self, requests: Sequence[ChangeRequest]) -> dict[str, dict[str, str]]:
        """What people wrote, by request and place."""
        ids = [request.id for request in requests]
        query = sa.select(ChangeRequestNote).where(ChangeRequestNote.request_id.in_(ids))
        notes: dict[str, dict[str, str]] = {key: {} for key in ids}
        for note in self.session.scalars(query):
            notes[note.request_id][note.place] = note.text
        return notes

    def write(self, request: ChangeRequest, place: str, text: str | None) -> None:
        """Keep a note, where anything was written."""
        if text:
            self.session.add(
                ChangeRequestNote(
                    request_id=request.id,
                    place=place,
                    workspace_id=request.workspace_id,
                    text=text,
                )
            )
            self.session.flush()

    def erase_notes(self, request: ChangeRequest) -> int:
        """Forget what people wrote in a request; answers how many notes that were."""
        query = sa.delete(ChangeRequestNote).where(ChangeRequestNote.request_id == request.id)
        result: sa.CursorResult[tuple[()]] = self.session.execute(query)  # type: ignore[assignment]
        return result.rowcount


def forget(session: Session, person: Forgotten) -> tuple[int, int, int]:
    """In all plans of the workspace; answers how many notes, references of evidence, and names of
    actors. What is left of a request can be decided and counted as before.
    """
    here = ChangeRequest.workspace_id == person.workspace_id
    about = session.scalars(sa.select(ChangeRequest).where(here, ChangeRequest.rep == person.rep))
    references = 0
    ids = set()
    for request in about:
        ids.add(request.id)
        references += sum("reference" in piece for piece in request.evidence)
        request.evidence = [
            {name: own for name, own in piece.items() if name != "reference"}
            for piece in request.evidence
        ]
    session.flush()
    return _forget_notes(session, person, ids), references, _unsign(session, person)


def _forget_notes(session: Session, person: Forgotten, requests: Collection[str]) -> int:
    query = sa.select(ChangeRequestNote).where(
        ChangeRequestNote.workspace_id == person.workspace_id,
        sa.or_(
            ChangeRequestNote.request_id.in_(requests),
            person.may_be_named_in(ChangeRequestNote.text),
        ),
    )
    found = [
        note
        for note in session.scalars(query)
        if note.request_id in requests or person.is_named_in(note.text)
    ]
    for note in found:
        session.delete(note)
    session.flush()
    return len(found)


def _unsign(session: Session, person: Forgotten) -> int:
    """Under which ids they acted is known here."""
    asked = sa.update(ChangeRequest).where(
        ChangeRequest.workspace_id == person.workspace_id,
        ChangeRequest.requested_by.in_(person.actors),
        ChangeRequest.requester != ChangeRequest.requested_by,
    )
    stepped = sa.update(ChangeRequestStep).where(
        ChangeRequestStep.workspace_id == person.workspace_id,
        ChangeRequestStep.actor.in_(person.actors),
        ChangeRequestStep.actor_name != ChangeRequestStep.actor,
    )
    return changed(session, asked.values(requester=ChangeRequest.requested_by)) + changed(
        session, stepped.values(actor_name=ChangeRequestStep.actor)
    )


def askers(session: Session, workspace_id: str, rep: str) -> frozenset[str]:
    """Under which ids a rep has asked for another quota of the own."""
    query = sa.select(ChangeRequest.requested_by).filter_by(
        workspace_id=workspace_id, rep=rep, requester_role=Role.REP.value
    )
    return frozenset(session.scalars(query))


def not_found(request_id: str) -> ChangeRequestNotFound:
    return ChangeRequestNotFound(f"The plan has no change request {request_id[:80]}.")


def _within(reach: tuple[int, frozenset[str] | None]) -> sa.ColumnElement[bool]:
    version, units = reach
    about = ChangeRequest.version == version
    return about if units is None else sa.and_(about, ChangeRequest.unit.in_(units))
