"""What answers and versions say of a measure beside its plan, in minor units until presented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from service.allocations.assemble import Case
from service.allocations.measures.levels import Levels
from service.allocations.measures.shared import left_out
from service.allocations.measures.standards import standard_facts
from service.kit.money import from_minor
from service.roster.domain.measures import REVENUE

type Row = dict[str, Any]


def measure_facts(case: Case, levels: Levels) -> Row:
    """Members of a manifest."""
    measure = case.inputs.measures.main
    facts: Row = {
        "measure": measure.id,
        "basis": measure.basis,
        "counted_in": measure.counted_in,
        "weight": measure.weight,
        "levels": levels.company,
    }
    ratios = case.inputs.measures.ratios
    return facts | ({"standards": standard_facts(case.inputs)} if ratios else {})


def present_measure_facts(facts: Mapping[str, Any], digits: int) -> Row:
    """The same as members of an answer."""
    levels = facts.get("levels")
    return {
        "measure": facts.get("measure", REVENUE),
        "basis": facts.get("basis"),
        "counted_in": facts.get("counted_in"),
        "weight": facts.get("weight"),
        "levels": levels and {
            name: level | {"amount": from_minor(level["amount"], digits)}
            for name, level in levels.items()
        },
    }  # fmt: skip


def named_measure(facts: Mapping[str, Any]) -> Row:
    """What a single quota of a measure says of it."""
    return {name: facts.get(name) for name in ("measure", "basis", "counted_in", "weight")}


def present_beside(
    further: Sequence[Row], standards: Sequence[Row], policy: Mapping[str, Any]
) -> Row:
    """What stands beside the main measure: the answers of the further ones, and standards.

    `policy`: as versions store it.
    """
    beyond = left_out(policy)
    return {
        "measures": [each | {"left_out": beyond} for each in further],
        "standards": list(standards),
    }
