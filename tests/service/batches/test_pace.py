"""How quickly a batch goes, and when it may be done; on both databases."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from service.kit.auth import DEFAULT_WORKSPACE
from service.kit.db import Database
from service.kit.ids import new_id
from service.operations.counts import Counts, counts_of
from service.operations.repository import UNCLAIMED
from service.operations.schemas import OperationOut
from service.operations.tables import Operation

NOW = datetime(2027, 4, 1, 12, tzinfo=UTC)


def ago(**of: float) -> datetime:
    return NOW - timedelta(**of)


def a_batch(
    database: Database,
    ended: Sequence[datetime | None],
    *,
    begun: datetime,
    again: datetime | None = None,
    done: datetime | None = None,
) -> tuple[Counts, OperationOut]:
    """What is told NOW of one whose parts ended then; None: they have not."""

    def row(**of: object) -> Operation:
        return Operation(
            id=new_id("op"),
            workspace_id=DEFAULT_WORKSPACE,
            caller_id="local",
            kind="create_batch",
            method="POST",
            path="/v1/batches",
            query="",
            started_at=begun,
            claimed_until=UNCLAIMED,
            cancelled=False,
            tries=0,
            steps=0,
            **of,
        )

    with database.of(DEFAULT_WORKSPACE).sessions.begin() as session:
        whole = row(parts=len(ended), begun_at=again, done_at=done)
        session.add(whole)
        session.add_all(
            row(parent_id=whole.id, place=place, done_at=moment)
            for place, moment in enumerate(ended)
        )
        session.flush()
        counts = counts_of(session, whole, NOW)
        return counts, OperationOut.of(whole, counts, NOW)


def test_at_first_all_that_is_done_counts(database: Database) -> None:
    counts, told = a_batch(database, [ago(seconds=5)] * 4 + [None] * 8, begun=ago(seconds=20))

    assert (counts.finished, counts.per_second) == (4, 0.2)
    assert told.expected_end == NOW + timedelta(seconds=40)


def test_after_a_pause_the_last_minute_counts(database: Database) -> None:
    ended = [ago(hours=2)] * 50 + [ago(seconds=30)] * 12 + [None] * 6

    counts, told = a_batch(database, ended, begun=ago(hours=3))

    assert (counts.finished, counts.per_second) == (62, 0.2)
    assert told.expected_end == NOW + timedelta(seconds=30)


def test_of_large_plans_ten_minutes_count(database: Database) -> None:
    ended = [ago(minutes=own) for own in (50, 40, *range(1, 10), 0.5)] + [None] * 3

    counts, told = a_batch(database, ended, begun=ago(hours=1))

    assert counts.per_second == 10 / 600
    assert told.expected_end == NOW + timedelta(minutes=3)


def test_what_was_done_before_it_was_tried_again_does_not_count(database: Database) -> None:
    ended = [ago(hours=5)] * 90 + [ago(seconds=1)] * 2 + [None] * 8

    counts, told = a_batch(database, ended, begun=ago(hours=6), again=ago(seconds=4))

    assert (counts.finished, counts.per_second) == (92, 0.5)
    assert told.expected_end == NOW + timedelta(seconds=16)


def test_while_nothing_is_done_nobody_can_say(database: Database) -> None:
    counts, told = a_batch(database, [None] * 3, begun=ago(hours=1))

    assert (counts.per_second, told.expected_end) == (None, None)


def test_of_one_that_is_done_all_of_it_counts(database: Database) -> None:
    ended = [ago(minutes=own) for own in range(90, 120)]

    counts, told = a_batch(database, ended, begun=ago(minutes=120), done=ago(minutes=90))

    assert counts.per_second == 30 / 1800
    assert told.expected_end is None
