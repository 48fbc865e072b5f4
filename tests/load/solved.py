"""What is solved beside the writes: a large company, plain and with rules across its teams."""

from typing import Any, Final

import httpx2

from benchmarks.crossing import rows_across
from benchmarks.instances import Instance
from benchmarks.request import with_baselines
from solver.problem import UNLIMITED
from tests.load.callers import PLAN

_RULES: Final = 8


def store(client: httpx2.Client, tree: Instance) -> str:
    """The address of a plan with these inputs."""
    document = with_baselines(tree)
    made = client.post("/v1/plans", json=PLAN | {"currency": document.pop("currency")})
    plan = f"/v1/plans/{made.raise_for_status().json()['id']}"
    client.put(f"{plan}/inputs", json=document).raise_for_status()
    return plan


def rules_across(tree: Instance) -> dict[str, Any]:
    """A policy: overlay teams of a tenth of the reps each, whose sums are limited."""
    rows = rows_across(tree, "teams", _RULES, seed=0)
    ids = [tree.problem.reps.ids[row] for row in tree.hierarchy.rep_row.tolist()]
    groups = []
    for number, (low, high) in enumerate(zip(rows.min.tolist(), rows.max.tolist(), strict=True)):
        members = rows.rep[rows.start[number] : rows.start[number + 1]].tolist()
        limit = {"min": low / 100} if high >= UNLIMITED else {"max": high / 100}
        reps = [ids[member] for member in members]
        groups.append({"id": f"team {number}", "reps": reps, **limit})
    return {"groups": groups}
