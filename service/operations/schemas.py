"""What the API says about operations."""

import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Self

import orjson
from pydantic import BaseModel, Field, WithJsonSchema

from service.kit.problems import problem_document
from service.operations.counts import Counts
from service.operations.domain import ProblemForgotten
from service.operations.tables import Operation

type ProblemDocument = Annotated[
    dict[str, Any] | None,
    WithJsonSchema({"anyOf": [{"$ref": "#/components/schemas/Problem"}, {"type": "null"}]}),
]


class ProgressOut(BaseModel):
    """How far an operation has come."""

    total: int = Field(description="Of how many parts it consists")
    finished: int = Field(description="How many were carried out, also those that failed")
    failed: int = Field(description="How many of the finished ones failed")
    stage: str | None = Field(
        description="What a solve is at", examples=["largest stretch", "even spread"]
    )
    steps: int = Field(description="How many steps of the stage were taken")
    per_second: float | None = Field(
        description="How many parts lately; of one that is done, since it was begun (again). null "
        "where nobody can say",
        examples=[2.5],
    )


class StoredOut(BaseModel):
    """What an operation stored, as the audit log tells it."""

    action: str = Field(examples=["version.solve"])
    subject: str = Field(examples=["plan_01kaz3q8f2m7x0c5d6e7f8g9ha/versions/3"])


class OperationOut(BaseModel):
    """A request that outlasted its answer, and what became of it."""

    id: str = Field(examples=["op_01kaz3q8f2m7x0c5d6e7f8g9ha"])
    kind: str = Field(description="The `operationId` of the call", examples=["solve_version"])
    request: str = Field(examples=["POST /v1/plans/plan_01kaz3q8f2m7x0c5d6e7f8g9ha/versions"])
    started_by: str = Field(description="`key_…`, the subject of an identity, or `local`")
    started: datetime
    ended: datetime | None
    expected_end: datetime | None = Field(description="null where nobody can say")
    done: bool
    cancelled: bool = Field(description="Whether it ended without storing anything, as asked")
    tries: int = Field(description="How many processes carried it out, each as the one before died")
    progress: ProgressOut
    stored: StoredOut | None
    status: int | None = Field(description="What the call would have been answered")
    location: str | None = Field(description="Where what was made is found")
    etag: str | None = Field(description="Of what was made: send it as `If-Match` with a change")
    result: Any = Field(description="The answer itself; null where there is a problem")
    problem: ProblemDocument = Field(description="Why it could not be done")

    @classmethod
    def of(
        cls, operation: Operation, counts: Counts | None = None, now: datetime | None = None
    ) -> Self:
        """`counts` of its parts, where it has some; with `now` it says when they may be done."""
        done = operation.done_at is not None
        failed = operation.status is not None and operation.status >= 300
        answer = answer_of(operation)
        return cls(
            id=operation.id,
            kind=operation.kind,
            request=f"{operation.method} {operation.path}",
            started_by=operation.caller_id,
            started=operation.started_at,
            ended=operation.done_at,
            expected_end=_expected_end(operation, counts, now),
            done=done,
            cancelled=operation.cancelled,
            tries=operation.tries,
            progress=_progress(operation, counts or Counts()),
            stored=_stored(operation),
            status=operation.status,
            location=operation.location,
            etag=operation.etag,
            result=None if failed else answer,
            problem=problem_of(operation),
        )

    def is_another_state_than(self, before: Self) -> bool:
        """Whatever is expected, and however quickly it goes."""
        progress = self.progress.model_copy(update={"per_second": before.progress.per_second})
        same = {"expected_end": before.expected_end, "progress": progress}
        return self.model_copy(update=same) != before

    def with_parts(self, parts: Sequence[Operation], next_cursor: str | None) -> Self:
        """The result of one that consists of others: the first of them, as a page has them."""
        items = [part_in_short(own) for own in parts]
        return self.model_copy(update={"result": {"items": items, "next_cursor": next_cursor}})


def _progress(operation: Operation, counts: Counts) -> ProgressOut:
    if operation.parts is not None:
        return ProgressOut(
            total=operation.parts,
            finished=counts.finished,
            failed=counts.failed,
            stage=None,
            steps=0,
            per_second=None if counts.per_second is None else round(counts.per_second, 4),
        )
    done = operation.done_at is not None
    failed = operation.status is not None and operation.status >= 300
    return ProgressOut(
        total=1,
        finished=int(done and not operation.cancelled),
        failed=int(failed),
        stage=None if done else operation.stage,
        steps=0 if done else operation.steps,
        per_second=None,
    )


def _expected_end(
    operation: Operation, counts: Counts | None, now: datetime | None
) -> datetime | None:
    """As if what is left went as quickly as what was done lately."""
    if operation.parts is None or operation.done_at is not None or now is None:
        return None
    if counts is None or counts.per_second is None:
        return None
    return now + timedelta(seconds=(operation.parts - counts.finished) / counts.per_second)


def _stored(operation: Operation) -> StoredOut | None:
    if operation.action is None or operation.subject is None:
        return None
    return StoredOut(action=operation.action, subject=operation.subject)


def answer_of(operation: Operation) -> Any:
    """What it was answered, if that is kept."""
    return None if operation.result is None else orjson.loads(zlib.decompress(operation.result))


def problem_of(operation: Operation) -> dict[str, Any] | None:
    """Why it failed, if it has."""
    if operation.status is None or operation.status < 300:
        return None
    told: dict[str, Any] | None = answer_of(operation)
    if told is None:
        why = ProblemForgotten("It may name somebody who was erased since.")
        told = orjson.loads(problem_document(why, operation.path)) | {"status": operation.status}
    return told


def version_of(part: Operation) -> int | None:
    """The number of what it stored: `plan_…/versions/3`."""
    return None if part.subject is None else int(part.subject.rpartition("/")[2])


def part_in_short(part: Operation) -> dict[str, Any]:
    """What became of a part that is about a plan."""
    if (version := version_of(part)) is not None:
        return {"plan": part.about, "version": version}
    if part.cancelled:
        return {"plan": part.about, "cancelled": True}
    return {"plan": part.about, "problem": problem_of(part)}
