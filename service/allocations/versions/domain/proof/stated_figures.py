"""Limits, anchors and yardsticks of a proof's rows, compared with what they follow from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from service.allocations.versions.domain.written.manifest import Manifest, PolicyPart
from service.allocations.versions.domain.written.rows import QuotaRow
from solver.allocation import Allocation
from solver.certificate import Certificate
from solver.coupled.two_stages import FORCED
from solver.probability import quota_for_chance
from solver.problem import BoolArray, FloatArray

_AMOUNT: Final = 1e-4
"""What six decimals of a minor unit lose, once a growth multiplies them up to a hundredfold."""
_SIX_DECIMALS: Final = 1.1e-6
"""As many had measurements in proofs of the first release."""
_RATIO: Final = 1.1e-9
"""Ratios are written with nine decimals."""
_PART: Final = 1e-12
"""What a float may be off by, as a part of itself."""


def quotas_beyond_limits(plan: Certificate, quotas: Sequence[QuotaRow]) -> Iterator[str]:
    """A sentence for each rep whose quota lies below the floor or above the cap."""
    for place in np.flatnonzero((plan.quota < plan.floor) | (plan.quota > plan.cap)).tolist():
        row = quotas[place]
        yield (
            f"quotas.{row['rep']}.quota says {row['quota']:,}, and lies beyond its floor of "
            f"{row['floor']:,} or its cap of {plan.cap[place]:,}"
        )


def wide_limits(manifest: Manifest, plan: Certificate, quotas: Sequence[QuotaRow]) -> Iterator[str]:
    """A sentence for each rep whose floor or cap the policy's limits of growth and of chances do
    not allow.

    Reps of whom the document says that their own limit gave way are left out.
    """
    policy = manifest["policy"]
    baseline, over_last_year = _column(quotas, "baseline"), _column(quotas, "over_last_year")
    unknown = np.isnan(over_last_year)
    wide: list[tuple[str, BoolArray]] = []
    if (growth := policy["min_over_baseline"]) is not None:
        wide.append(("min_over_baseline", plan.floor < _less(baseline * (1 + growth))))
    if (growth := policy["max_over_baseline"]) is not None:
        wide.append(("max_over_baseline", plan.cap > _more(baseline * (1 + growth))))
    if (growth := policy["min_over_last_year"]) is not None:
        least = growth - _RATIO * (1 + abs(growth))
        wide.append(("min_over_last_year", ~unknown & ~(over_last_year >= least)))
    if (growth := policy["max_over_last_year"]) is not None:
        most = growth + _RATIO * (1 + abs(growth))
        wide.append(("max_over_last_year", ~unknown & ~(over_last_year <= most)))
    wide += _wide_chances(policy, plan, quotas)
    gave_way = _gave_way(manifest, quotas)
    for name, rows in wide:
        for place in np.flatnonzero(rows & ~gave_way).tolist():
            rep = quotas[place]["rep"]
            yield f"the limits of {rep} are wider than {name} of the policy allows"


def _wide_chances(
    policy: PolicyPart, plan: Certificate, quotas: Sequence[QuotaRow]
) -> Iterator[tuple[str, BoolArray]]:
    """The least chance is a cap and the largest one a floor; without a sigma it is neither."""
    least, most = policy.get("min_probability"), policy.get("max_probability")
    if least is None and most is None:
        return
    baseline = _column(quotas, "baseline")
    sigma = np.array([row.get("sigma") or np.nan for row in quotas], np.float64)
    if least is not None:
        yield "min_probability", ~(plan.cap <= _more(quota_for_chance(least, baseline, sigma)))
    if most is not None:
        yield "max_probability", ~(plan.floor >= _less(quota_for_chance(most, baseline, sigma)))


def _gave_way(manifest: Manifest, quotas: Sequence[QuotaRow]) -> BoolArray:
    moved = [*manifest["policy"].get("relax", []), *manifest.get("relaxed", [])]
    names = {relax["rule"] for relax in moved if relax["rule"].startswith("rep:")}
    if not names:
        return np.zeros(len(quotas), dtype=np.bool_)
    sides = ("floor", "cap", "fixed")
    return np.array([any(f"rep:{row['rep']}:{side}" in names for side in sides) for row in quotas])


def other_scales(
    plan: Allocation, certificate: Certificate, quotas: Sequence[QuotaRow]
) -> Iterator[str]:
    """A sentence for each anchor and yardstick that is not what the policy names."""
    named, own = plan.scale.complete, plan.scale.yardstick
    if certificate.response != named.response:
        yield f"{plan.policy.fairness}, which the policy names, has another response"
        return
    possible = {"anchor": [named.anchor], "yardstick": [named.yardstick]}
    if certificate.across is not None:
        possible["yardstick"].append(np.maximum(own, FORCED * own.mean()))  # see `solver.coupled`
    lost = 0.0 if "sigma" in quotas[0] else _SIX_DECIMALS
    for name, columns in possible.items():
        stated: FloatArray = getattr(certificate, name)
        same = [np.abs(stated - found) <= lost + _PART * np.abs(found) for found in columns]
        if any(rows.all() for rows in same):
            continue
        for place in np.flatnonzero(~same[0]).tolist():
            yield (
                f"quotas.{quotas[place]['rep']}.{name} says {stated[place]:.12g}, and "
                f"{columns[0][place]:.12g} follows from the policy"
            )


def _column(quotas: Sequence[QuotaRow], name: str) -> FloatArray:
    rows: Sequence[Any] = quotas
    return np.array([np.nan if row[name] is None else row[name] for row in rows], np.float64)


def _less(amounts: FloatArray) -> FloatArray:
    return amounts - _AMOUNT - _PART * np.abs(amounts)


def _more(amounts: FloatArray) -> FloatArray:
    return amounts + _AMOUNT + _PART * np.abs(amounts)
