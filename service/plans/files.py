"""The working inputs of a plan out of files: all of it, or nothing; the good rows where asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session, sessionmaker

from service.kit.auth import Caller
from service.kit.etags import IfMatch
from service.kit.money import minor_digits
from service.plans.inputs import inputs_etag, put_inputs
from service.plans.repository import Plans
from service.roster.files import FileFault, FileFaults, FileInputs, Source, read_sent


@dataclass(frozen=True, slots=True)
class Upload:
    """Files, and how they are to be taken."""

    files: Sequence[Source]
    target: str | None = None
    """The company's; None: a table of targets tells it."""
    forecast: str | None = None
    good_rows_only: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of files: inputs, or in a dry run the reasons why there are none."""

    read: FileInputs | None
    applied: bool
    refused: Sequence[FileFault]


def put_files(
    sessions: sessionmaker[Session],
    caller: Caller,
    plan_id: str,
    upload: Upload,
    *,
    now: datetime,
    expected: IfMatch,
) -> Taken:
    """Make what files say the plan's working inputs; a dry run only tells what would become of it.

    Raises PlanNotFound, PreconditionFailed, CurrencyChanged, and but for dry runs FileFaults.
    """
    with sessions.begin() as session:
        plan = Plans(session).get(caller.workspace_id, plan_id)
        expected.check(inputs_etag(plan))
        digits, period = minor_digits(plan.currency), (plan.period_start, plan.period_end)
    try:
        read = read_sent(
            upload.files,
            target=upload.target,
            digits=digits,
            period=period,
            forecast=upload.forecast,
            good_rows_only=upload.good_rows_only,
        )
    except FileFaults as faults:
        if upload.dry_run:
            return Taken(None, applied=False, refused=faults.faults)
        raise
    if not upload.dry_run:
        with sessions.begin() as session:
            put_inputs(session, caller, plan_id, read.inputs, now=now, expected=expected)
    return Taken(read, applied=not upload.dry_run, refused=read.left_out)
