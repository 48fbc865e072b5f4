"""The inputs that a version is solved from: the working ones as they stand, or those of an earlier
plan, which become the working ones in the transaction that stores the version.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Protocol

from sqlalchemy.orm import Session

from service.kit.auth import Caller
from service.kit.errors import InvalidInput
from service.kit.queues import TooBusy
from service.plans.inputs import InputsMissing
from service.plans.rolling import RollForward, Rolling
from service.plans.tables import Plan
from service.roster.domain import Inputs, LeftBehind, Rolled
from service.roster.usecases import load_snapshot


class SolvedInputs(Protocol):
    """Read with the plan; made and stored when their time comes."""

    @property
    def inputs(self) -> Inputs:
        """Needs no database. Raises InvalidInput."""
        ...

    @property
    def left_behind(self) -> Sequence[LeftBehind]:
        """What of an earlier plan's inputs is not in them."""
        ...

    def store(self, session: Session, caller: Caller, plan: Plan, now: datetime) -> None:
        """Beside the version; the plan is locked. Raises TooBusy."""
        ...


def inputs_to_solve(session: Session, plan: Plan, roll_forward: RollForward | None) -> SolvedInputs:
    """Raises InputsMissing, and InvalidInput where there is nothing to roll forward."""
    if roll_forward is not None:
        with _placed():
            return _RolledForward(Rolling.of(session, plan, roll_forward))
    if plan.inputs_hash is None:
        raise InputsMissing(f"Send them first: PUT /v1/plans/{plan.id}/inputs.")
    return _AsTheyStand(load_snapshot(session, plan.workspace_id, plan.inputs_hash))


@dataclass(frozen=True, slots=True)
class _AsTheyStand:
    inputs: Inputs
    left_behind: Sequence[LeftBehind] = ()

    def store(self, session: Session, caller: Caller, plan: Plan, now: datetime) -> None:
        """They are stored."""


@dataclass(frozen=True)
class _RolledForward:
    rolling: Rolling

    @cached_property
    def rolled(self) -> Rolled:
        with _placed():
            return self.rolling.rolled()

    @property
    def inputs(self) -> Inputs:
        return self.rolled.inputs

    @property
    def left_behind(self) -> Sequence[LeftBehind]:
        return self.rolled.left_behind

    def store(self, session: Session, caller: Caller, plan: Plan, now: datetime) -> None:
        if not self.rolling.store(session, caller, plan, self.rolled, now=now):
            raise TooBusy("The inputs of the plan changed while it was solved; send it once more.")


@contextmanager
def _placed() -> Iterator[None]:
    """Faults at the member of the body that says what is rolled forward."""
    try:
        yield
    except InvalidInput as error:
        placed = (replace(own, pointer=f"/roll_forward{own.pointer}") for own in error.faults)
        raise InvalidInput([*placed]) from None
