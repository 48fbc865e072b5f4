"""Backtests over HTTP: the facts of an allocation in, a comparison of methods out."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Response

from service.allocations.backtest import usecases
from service.allocations.backtest.schemas import BacktestBody, BacktestOut
from service.allocations.caller import PatienceDep
from service.allocations.solving import SolveTookTooLong
from service.kit.access import Permission, needs
from service.kit.errors import InvalidInput
from service.kit.patient_body import Sent, patient_body
from service.kit.problems import problems

router = APIRouter(prefix="/allocations", tags=["allocations"])

SentBody = Annotated[Sent, patient_body(BacktestBody)]


@router.post(
    "/backtest",
    response_model=BacktestOut,
    responses=problems(InvalidInput, SolveTookTooLong),
    dependencies=[Depends(needs(Permission.ALLOCATE))],
)
def backtest(sent: SentBody, patience: PatienceDep) -> Response:
    """Compare ways of setting quotas on the company's own past; nothing is stored.

    At each past period every method splits the same total, what was really sold, by what was
    known before. The answer is whole or there is none: one that takes longer than a solve may is
    refused.
    """
    said = orjson.dumps(usecases.backtest_once(sent, patience))
    return Response(said, media_type="application/json")
