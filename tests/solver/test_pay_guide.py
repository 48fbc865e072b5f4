"""What `docs/guide/pay.md` says that curves pay, made again."""

from pathlib import Path

import numpy as np
import pytest

from solver.pay import PayCurve

PAGE = (Path(__file__).parents[2] / "docs" / "guide" / "pay.md").read_text(encoding="utf-8")
CAPPED = PayCurve.of([(0.5, 0), (1, 1), (1.5, 2)])
UNCAPPED = PayCurve.of([(0, 0), (1, 1)], beyond=2)


def paid(curve: PayCurve, sigma: float, *quotas: float) -> list[str]:
    """Of somebody who expects 1, with quotas of these sizes."""
    count = len(quotas)
    shares = curve.expected(np.array(quotas), np.ones(count), np.full(count, sigma))
    return [f"{share:.1%}".replace("%", " %") for share in shares]


@pytest.mark.parametrize(
    ("name", "curve"),
    [
        ("in proportion, no cap", PayCurve.of([(0, 0), (1, 1)], beyond=1)),
        ("the one above", CAPPED),
        ("in proportion up to the quota, then `beyond: 2`", UNCAPPED),
        ("all at the quota, nothing below", PayCurve.of([(1, 1)])),
    ],
)
def test_the_guide_tells_what_curves_pay_on_average(name: str, curve: PayCurve) -> None:
    cells = " | ".join(paid(curve, 0.3, 0.9, 1.0, 1.1, 1.2))

    assert f"| {name} | {cells} |" in PAGE


def test_the_guide_tells_what_a_cap_costs_those_who_are_less_sure() -> None:
    (capped,), (uncapped,) = (paid(curve, 0.6, 1.0) for curve in (CAPPED, UNCAPPED))

    said = f"the capped curve pays {capped} and the one without a cap {uncapped}."
    assert said in " ".join(PAGE.split())


def test_the_guide_tells_average_pay_and_the_pay_for_average_sales() -> None:
    (attainment,) = (1 / np.array([0.886])).tolist()
    at_the_average = float(CAPPED.at(np.array([attainment]))[0])
    average = float(CAPPED.expected(np.array([0.886]), np.ones(1), np.array([0.3]))[0])

    said = (
        f"Everybody here expects {attainment:.0%} of the quota, which the curve pays with "
        f"{at_the_average:.0%}; on average it pays {average:.0%}"
    )
    assert said.replace("%", " %") in " ".join(PAGE.split())
