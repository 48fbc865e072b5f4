"""Plans of synthetic companies in a new database, and one as files that come over HTTP."""

from contextlib import closing
from datetime import date
from io import BytesIO
from typing import Any, Final

import pyarrow as pa
from pyarrow import parquet

from benchmarks.instances import company
from benchmarks.request import with_baselines
from service.kit.auth import LOCAL_ADMINISTRATOR
from service.kit.clock import utc_now
from service.kit.db import open_database
from service.plans.inputs import put_inputs
from service.plans.usecases import create_plan
from service.roster.domain import read_inputs

PERIOD: Final = (date(2027, 1, 1), date(2027, 12, 31))
_AT_ONCE: Final = 100


def store(url: str, name: str, plans: int, reps: int) -> None:
    """So many plans, each with other inputs. The use cases store them, without a service: 10,000
    plans are 20,000 calls, which are measured elsewhere.
    """
    with closing(open_database(url)) as database:
        own = database.of(LOCAL_ADMINISTRATOR.workspace_id)
        for first in range(0, plans, _AT_ONCE):
            with own.sessions.begin() as session:
                for number in range(first, min(plans, first + _AT_ONCE)):
                    document = with_baselines(company(reps, seed=number))
                    currency, now = document.pop("currency"), utc_now()
                    inputs = read_inputs(document, digits=2, period=PERIOD)
                    plan = create_plan(
                        session, LOCAL_ADMINISTRATOR, name=f"{name} {number}", currency=currency,
                        increment=1, period=PERIOD, now=now,
                    )  # fmt: skip
                    put_inputs(session, LOCAL_ADMINISTRATOR, plan.id, inputs, now=now)


def as_files(reps: int) -> tuple[dict[str, bytes], str]:
    """A company as Parquet files, and its target."""
    document = with_baselines(company(reps, seed=0))
    tables = {
        "reps.parquet": _table(document["reps"], "rep_id"),
        "units.parquet": _table(document["units"], "unit_id"),
    }
    return tables, f"{document['target']:.2f}"


def _table(rows: list[dict[str, Any]], called: str) -> bytes:
    """`called`: what the column of ids is called."""
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {
        called if name == "id" else name: pa.array(row.get(name) for row in rows) for name in names
    }
    parquet.write_table(pa.table(columns), file := BytesIO())
    return file.getvalue()
