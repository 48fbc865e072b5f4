"""What Prometheus is told of operations: how many wait, and what became of those that ended.

A batch counts as its parts, for these are what is carried out.
"""

from collections import Counter as Counts
from collections.abc import Iterable, Sequence
from typing import Final

import orjson
import sqlalchemy as sa
from prometheus_client import Counter
from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy.orm import Session

from service.kit.clock import utc_now
from service.kit.metrics import COUNTED
from service.operations.tables import Operation

_ENDED: Final = Counter(
    "fairquota_operations_ended",
    "Operations that ended: stored something, answered, failed by a problem, or cancelled.",
    ["kind", "outcome", "problem"],
    registry=COUNTED,
)
_RECOVERED: Final = Counter(
    "fairquota_operations_recovered",
    "Operations taken over from a process that gave no sign of life.",
    ["kind"],
    registry=COUNTED,
)
_ENDED.labels("solve_version", "failed", "operation-given-up")
_RECOVERED.labels("solve_version")  # from 0 on: Prometheus does not see the first of its kind
_ALWAYS_TOLD: Final = {"solve_version": 0}
"""So that an empty queue is 0 and not nothing."""


def ended(session: Session, kind: str, action: str | None, problem: str | None) -> None:
    """Count one that was answered in this transaction, and what it had done (`action`).

    `problem` is a type, such as `/problems/infeasible`.
    """
    _count(session, _counter(kind, "failed" if problem else "answered", action, problem), 1)


def all_ended(
    session: Session, which: Sequence[sa.ColumnElement[bool]], problem: str | None
) -> None:
    """Count those of them that are under way, before they end; without a problem, cancelled."""
    one = Operation.kind, Operation.action
    under_way = Operation.done_at.is_(None), Operation.parts.is_(None)
    query = sa.select(*one, sa.func.count()).where(*which, *under_way).group_by(*one)
    for kind, action, count in session.execute(query):
        outcome = "failed" if problem else "cancelled"
        _count(session, _counter(kind, outcome, action, problem), count)


def recovered(session: Session, kind: str) -> None:
    """Count one that is claimed in this transaction although a process has begun it."""
    _count(session, _RECOVERED.labels(kind), 1)


def _counter(kind: str, outcome: str, action: str | None, problem: str | None) -> Counter:
    name = (problem or "").rpartition("/")[2]
    return _ENDED.labels(kind, "stored" if action else outcome, name)


def _count(session: Session, counter: Counter, count: int) -> None:
    """What this transaction does, if it is done."""
    sa.event.listen(session, "after_commit", lambda _: counter.inc(count), once=True)


def problem_in(status: int, body: bytes | None) -> str | None:
    """The type of problem that was answered."""
    if status < 300:
        return None
    told = orjson.loads(body) if body else {}
    return str(told.get("type", f"/{status}"))


class Queue:
    """What waits and what is under way in all workspaces."""

    def __init__(self) -> None:
        self._now = utc_now()
        self._waiting = Counts(_ALWAYS_TOLD)
        self._under_way = Counts(_ALWAYS_TOLD)
        self._oldest = self._now

    def look(self, session: Session, workspace_id: str) -> None:
        """A tenth of a second where 100,000 wait."""
        waits = Operation.token.is_(None) | (Operation.claimed_until <= self._now)
        found = session.execute(
            sa.select(
                Operation.kind,
                sa.func.count(),
                sa.func.count().filter(waits),
                sa.func.min(Operation.started_at).filter(waits),
            )
            .where(
                Operation.workspace_id == workspace_id,
                Operation.done_at.is_(None),
                Operation.parts.is_(None),
            )
            .group_by(Operation.kind)
        )
        for kind, count, waiting, oldest in found:
            self._waiting[kind] += waiting
            self._under_way[kind] += count - waiting
            if waiting:
                self._oldest = min(self._oldest, oldest)

    def families(self) -> Iterable[Metric]:
        waiting = GaugeMetricFamily(
            "fairquota_operations_waiting", "Operations that nobody carries out.", labels=["kind"]
        )
        under_way = GaugeMetricFamily(
            "fairquota_operations_under_way",
            "Operations that a process carries out.",
            labels=["kind"],
        )
        for family, counts in ((waiting, self._waiting), (under_way, self._under_way)):
            for kind, count in counts.items():
                family.add_metric([kind], count)
        oldest = GaugeMetricFamily(
            "fairquota_operations_oldest_waiting_seconds",
            "Seconds since the oldest operation that nobody carries out was sent; 0 for none.",
            value=(self._now - self._oldest).total_seconds(),
        )
        return waiting, under_way, oldest
