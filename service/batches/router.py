"""Batches over HTTP; `service.operations` carries them out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from service.batches.domain import (
    BatchIsUnderWay,
    BatchNotFound,
    BatchWasCancelled,
    BatchWasForgotten,
    NothingFailed,
)
from service.batches.schemas import BatchIn, BatchItemOut
from service.batches.usecases import finding, retrying, starting
from service.kit.access import Permission, needs
from service.kit.auth import CallerDep
from service.kit.body import json_body
from service.kit.clock import NowDep
from service.kit.db import ReadingSessionsDep, ReadSessionDep, SessionsDep
from service.kit.headers import LOCATION, RETRY_AFTER, sends
from service.kit.pages import Page, PageDep
from service.kit.problems import problems
from service.kit.tracing import what_began_it
from service.operations.counts import counts_of
from service.operations.outlasting import log_accepted
from service.operations.repository import Operations
from service.operations.runs import Runs
from service.operations.schemas import OperationOut

router = APIRouter(prefix="/batches", tags=["batches"])

BatchIdPath = Annotated[str, Path(description="op_…, of a batch")]


@router.post(
    "",
    status_code=202,
    responses=sends(202, LOCATION, RETRY_AFTER),
    dependencies=[Depends(needs(Permission.SOLVE))],
)
def create_batch(
    body: Annotated[BatchIn, json_body(BatchIn)],
    *,
    request: Request,
    response: Response,
    caller: CallerDep,
    reading: ReadingSessionsDep,
    sessions: SessionsDep,
    now: NowDep,
) -> OperationOut:
    """Solve many plans together, each into a new version, a draft or a submitted one. The answer is
    an operation with a part for each plan; one that fails stops no other.
    """
    with reading.begin() as session:
        order = starting.read_order(session, caller, body, now)
    with sessions.begin() as session:
        began = what_began_it(request.state.request_id)
        whole = starting.create_batch(session, caller, order, began=began, now=now)
    log_accepted(whole.id)
    runs: Runs = request.app.state.runs
    runs.wake()
    response.headers[LOCATION] = f"/v1/operations/{whole.id}"
    response.headers[RETRY_AFTER] = "1"
    return OperationOut.of(whole)


@router.get(
    "/{batch_id}",
    responses=problems(BatchNotFound),
    dependencies=[Depends(needs(Permission.FOLLOW_OPERATIONS))],
)
def read_batch(
    batch_id: BatchIdPath, caller: CallerDep, session: ReadSessionDep, now: NowDep
) -> OperationOut:
    """How far it has come, without its plans."""
    whole = finding.find_batch(session, caller, batch_id)
    return OperationOut.of(whole, counts_of(session, whole, now), now)


@router.get(
    "/{batch_id}/items",
    responses=problems(BatchNotFound),
    dependencies=[Depends(needs(Permission.FOLLOW_OPERATIONS))],
)
def list_items(
    batch_id: BatchIdPath,
    *,
    failed: Annotated[bool | None, Query(description="Only those that did, or did not")] = None,
    caller: CallerDep,
    session: ReadSessionDep,
    page: PageDep,
) -> Page[BatchItemOut]:
    """Its plans in their order, and what became of each."""
    operations = Operations(session, caller.workspace_id)
    whole = finding.find_batch(session, caller, batch_id)
    parts, next_cursor = operations.page_of_parts(whole, page, failed=failed)
    return Page(items=[BatchItemOut.of(part) for part in parts], next_cursor=next_cursor)


@router.post(
    "/{batch_id}/retry",
    status_code=202,
    responses=problems(
        BatchNotFound, BatchIsUnderWay, BatchWasCancelled, BatchWasForgotten, NothingFailed
    ),
    dependencies=[Depends(needs(Permission.SOLVE))],
)
def retry_batch(
    batch_id: BatchIdPath,
    request: Request,
    *,
    caller: CallerDep,
    sessions: SessionsDep,
    now: NowDep,
) -> OperationOut:
    """Solve the plans again that failed. What was stored stays, and nothing is stored twice. Which
    version is published by now counts as known.
    """
    with sessions.begin() as session:
        began = what_began_it(request.state.request_id)
        whole = retrying.retry_failed(session, caller, batch_id, began=began, now=now)
        counts = counts_of(session, whole, now)
    told = OperationOut.of(whole, counts, now)
    log_accepted(whole.id)
    runs: Runs = request.app.state.runs
    runs.wake()
    return told
