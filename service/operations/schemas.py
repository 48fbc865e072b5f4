"""What the API says about operations."""

import zlib
from datetime import datetime
from typing import Annotated, Any, Final, Self

import orjson
from pydantic import BaseModel, Field, WithJsonSchema

from service.operations.tables import Operation

_PROBLEM: Final = {"anyOf": [{"$ref": "#/components/schemas/Problem"}, {"type": "null"}]}


class ProgressOut(BaseModel):
    """How far an operation has come."""

    total: int = Field(description="Of how many parts it consists")
    finished: int
    failed: int = Field(description="How many of the finished ones failed")
    stage: str | None = Field(
        description="What a solve is at", examples=["largest stretch", "even spread"]
    )
    steps: int = Field(description="How many steps of the stage were taken")


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
    problem: Annotated[dict[str, Any] | None, WithJsonSchema(_PROBLEM)] = Field(
        description="Why it could not be done"
    )

    @classmethod
    def of(cls, operation: Operation) -> Self:
        done = operation.done_at is not None
        failed = operation.status is not None and operation.status >= 300
        answer = operation.result and orjson.loads(zlib.decompress(operation.result))
        return cls(
            id=operation.id,
            kind=operation.kind,
            request=f"{operation.method} {operation.path}",
            started_by=operation.caller_id,
            started=operation.started_at,
            ended=operation.done_at,
            expected_end=None,
            done=done,
            cancelled=operation.cancelled,
            tries=operation.tries,
            progress=ProgressOut(
                total=1,
                finished=int(done and not operation.cancelled),
                failed=int(failed),
                stage=None if done else operation.stage,
                steps=0 if done else operation.steps,
            ),
            stored=_stored(operation),
            status=operation.status,
            location=operation.location,
            etag=operation.etag,
            result=None if failed else answer,
            problem=answer if failed else None,
        )


def _stored(operation: Operation) -> StoredOut | None:
    if operation.action is None or operation.subject is None:
        return None
    return StoredOut(action=operation.action, subject=operation.subject)
