"""What one can do: compare the methods on the past of a body's facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from service.allocations.assemble import Terms, cohorts_of, evidence_of, period_of
from service.allocations.backtest.told import told
from service.allocations.patience import Patience
from service.allocations.solving import CallerLeft, SolveTookTooLong
from service.allocations.usecases import read_facts
from service.kit.errors import Fault
from service.kit.patient_body import Sent
from service.roster.domain import Inputs
from service.roster.domain.reading import UNKNOWN, Findings, Rows
from solver.assess.backtest import backtest
from solver.assess.methods import Own, PastQuotas
from solver.errors import SolveStopped, TimeIsUp
from solver.policy import Policy

type Row = Mapping[str, Any]

_REPS: Final = "reps"


def backtest_once(sent: Sent, patience: Patience) -> dict[str, Any]:
    """Raises `InvalidInput` with every fault of the body, and what `compare` does."""
    rows = sent.document.get("quotas") or []
    faults = _faults_of_quotas(sent, rows)
    facts = read_facts(replace(sent, faults=tuple(faults)))
    return compare(
        facts.inputs,
        facts.terms,
        facts.policy,
        rows,
        origins=sent.document.get("origins"),
        patience=patience,
    )


def compare(
    inputs: Inputs,
    terms: Terms,
    policy: Policy,
    quotas: Sequence[Row] = (),
    *,
    origins: int | None = None,
    patience: Patience,
) -> dict[str, Any]:
    """Raises `SolveTookTooLong` and `CallerLeft` as `patience` has it: half of it is no answer.

    `quotas` are rows of `rep`, `period` and `quota`, whose reps are there.
    """
    evidence = evidence_of(inputs, period_of(inputs, terms))
    own = Own(
        policy=policy,
        sigma=inputs.reps.sigma,
        cohorts=cohorts_of(inputs),
        quotas=_past_quotas(inputs, quotas),
    )
    try:
        found = backtest(evidence, own, origins=origins, watch=patience.watch())
    except TimeIsUp:
        raise SolveTookTooLong(
            f"The comparison was not done within {patience.seconds:g} s, and part of it would "
            "mislead. Fewer `origins` take less time, and so does a policy without parity; the "
            "server's FAIRQUOTA_SOLVE_TIME_LIMIT gives it more seconds."
        ) from None
    except SolveStopped:
        raise CallerLeft("The comparison was stopped, and nothing is stored.") from None
    return told(found, inputs, policy)


def _past_quotas(inputs: Inputs, rows: Sequence[Row]) -> PastQuotas:
    place = {key: row for row, key in enumerate(inputs.reps.id)}
    return PastQuotas(
        rep=np.array([place[row["rep"]] for row in rows], np.int64),
        month=np.array([_month(row["period"]) for row in rows], np.int64),
        quota=np.array([float(row["quota"]) for row in rows]) * 10**inputs.digits,
    )


def _month(period: str) -> int:
    return int(period[:4]) * 12 + int(period[5:]) - 1


def _faults_of_quotas(sent: Sent, quotas: Sequence[Row]) -> list[Fault]:
    """The faults known before, and those of the past quotas."""
    found = Findings(sent.faults)
    rows = Rows([dict(row) for row in quotas], lambda row: ("quotas", row), 2, found)
    rows.measures("quota")
    reps = sent.document.get(_REPS) or []
    known = {row["id"]: place for place, row in enumerate(reps) if isinstance(row.get("id"), str)}
    if len(known) == len(reps):  # else nobody knows who is there
        named = rows.references("rep", known)
        rows.refuse(named == UNKNOWN, "rep", "names no rep of `reps`")
    return found.faults
