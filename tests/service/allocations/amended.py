"""Versions as documents, amended by decisions, for tests that need no database."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson

from service.allocations.assemble import Terms, assemble
from service.allocations.measures.solving import solve_measures
from service.allocations.places import Places
from service.allocations.versions.describe import describe
from service.allocations.versions.domain.deciding.amendable import Amendable
from service.allocations.versions.domain.deciding.decide import decide
from service.allocations.versions.domain.deciding.decision import Decision, Wanted
from service.allocations.versions.domain.ledger.handed import Handed, handing
from service.allocations.versions.domain.proof.examine import proof
from service.allocations.versions.domain.written.content import Content
from service.plans.policy import Named, read_reserves, read_spreading, to_policy
from service.roster.domain import read_inputs

type Document = dict[str, Any]

YEAR = (date(2027, 1, 1), date(2027, 12, 31))


def two_teams(**changes: Any) -> Document:
    """West (ann, bob, cyd) and east (dan, eve) of 100.00 each; everybody expects and can add it."""
    unit_of = {"ann": "west", "bob": "west", "cyd": "west", "dan": "east", "eve": "east"}
    reps = [
        {"id": rep, "unit": unit, "baseline": 100, "reach": 100, "sigma": 0.2, "last_year": 90}
        for rep, unit in unit_of.items()
    ]
    units = [{"id": "all"}, {"id": "east", "parent": "all"}, {"id": "west", "parent": "all"}]
    return {"target": 550, "units": units, "reps": reps} | changes


def solved(
    body: Document | None = None, policy: Document | None = None, *, increment: int = 1
) -> Content:
    inputs = read_inputs(body or two_teams(), digits=2)
    named = Named(frozenset(inputs.reps.id), frozenset(inputs.units.id))
    read = to_policy(policy or {}, digits=2, named=named, known=[])
    terms = Terms("USD", 2, increment, YEAR)
    case = assemble(inputs, terms, read, Places(policy=policy or {}), read_spreading(policy or {}))
    found = solve_measures(case)
    content = describe(case, found.allocation, found.further)
    return handing(content, Handed(), read_reserves(policy, 2))


def proved(content: Content, *, before: Content | None = None) -> Document:
    """The proof document; chunks that an amendment did not make again are those of before."""
    chunks = {**(before.chunks if before else {}), **content.chunks}
    rows = {
        name: [row for chunk in content.facts[name] for row in orjson.loads(chunks[chunk["chunk"]])]
        for name in ("units", "quotas", "rules")
    }
    manifest = orjson.loads(content.manifest(None))
    return proof(manifest, rows["units"], rows["quotas"], rows["rules"])


def opened(document: Document) -> Amendable:
    rows = (document[name] for name in ("units", "quotas", "rules"))
    return Amendable.of(document["manifest"], *rows)


def a_decision(wanted: dict[str, int], funding: Any = "siblings", **more: Any) -> Decision:
    """Quotas in minor units by rep."""
    quotas = [Wanted(rep, quota) for rep, quota in wanted.items()]
    return Decision("adjustment", "adj_1", quotas, funding, **more)


def amend(content: Content, *decisions: Decision) -> tuple[Content, Document]:
    """The amended version and its proof."""
    after = opened(proved(content))
    for decision in decisions:
        after = decide(after, decision)
    found = after.content()
    return found, proved(found, before=content)


def quotas(document: Document) -> dict[str, int]:
    return {row["rep"]: row["quota"] for row in document["quotas"]}
