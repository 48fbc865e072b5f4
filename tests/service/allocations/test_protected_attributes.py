"""What a person is, beside what the person sells, has no way into a plan."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from service.allocations.answer import answer
from service.allocations.assemble import Terms, assemble
from service.allocations.measures.solving import solve_and_price_measures
from service.roster.domain import read_inputs
from solver.policy import Parity, Policy

type Document = dict[str, Any]

ROLES = "ABAB"
kinds = st.sampled_from([None, "f", "m", "x"])


def answered(told: list[Document], parity: tuple[Parity, ...]) -> Document:
    """The answer for four reps of whom such things are told."""
    reps = [
        {
            "id": f"r{k}", "baseline": 100 + 30 * k, "reach": 40 + k, "potential": 500,
            "sigma": 0.1 + 0.1 * k, "max": 160 + 20 * k, **told[k],
            "cohorts": {"role": ROLES[k], **told[k]["cohorts"]},
        }
        for k in range(4)
    ]  # fmt: skip
    policy = Policy(parity=parity, min_probability=0.05)
    case = assemble(read_inputs({"target": 600, "reps": reps}, digits=2), Terms("EUR", 2), policy)
    return answer(solve_and_price_measures(case))


@given(st.lists(kinds, min_size=4, max_size=4), st.sampled_from([(), (Parity("role", 0.05),)]))
def test_22_flipping_a_protected_attribute_changes_nothing(
    values: list[str | None], parity: tuple[Parity, ...]
) -> None:
    """Not a figure of the answer, also where the policy balances peers of another cohort."""
    plain: Document = {"cohorts": {}, "attributes": {}}
    flipped: list[Document] = [
        {"cohorts": {"gender": value} if value else {}, "attributes": {"gender": value}}
        for value in values
    ]

    assert answered(flipped, parity) == answered([plain] * 4, parity)
