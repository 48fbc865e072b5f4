"""The smallest change of a version after which it keeps every limit and every sum again."""

from __future__ import annotations

from service.allocations.versions.domain.deciding.amendable import Amendable
from service.allocations.versions.domain.deciding.decision import Decision, Wanted
from service.allocations.versions.domain.written.manifest import carried_of
from solver.amend.nearest import nearest
from solver.watch import Watch


def repair_of(standing: Amendable, reference: str, watch: Watch | None = None) -> Decision:
    """What has to be decided for it: the plan nearest to the one that stands. Locks and frozen
    envelopes are kept. Raises the solver's `InfeasibleProblem` where these break limits themselves.
    """
    names, plan, manifest = standing.names, standing.everybody, standing.manifest
    quota = standing.book.quota
    found = nearest(
        plan,
        quota,
        locked={names.rep[own["rep"]]: own["quota"] for own in manifest.get("locks", [])},
        frozen={names.node[own["unit"]]: carried_of(own) for own in manifest.get("frozen", [])},
        watch=watch,
    )
    ids = plan.problem.reps.ids
    wanted = [
        Wanted(ids[place], after)
        for place, (before, after) in enumerate(zip(quota.tolist(), found.tolist(), strict=True))
        if before != after
    ]
    return Decision("repair", reference, wanted, "unfunded", whole=True)
