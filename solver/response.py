"""How quotas answer to the level at which everybody stands.

    linear       quota = anchor + yardstick x level         the level counts money
    lognormal    quota = anchor x exp(yardstick x level)    the level counts standard deviations

Both rise strictly with the level, as long as yardsticks are positive and, for lognormal, anchors
are. Nothing else about them matters to the tree engine: a common level and everybody's own limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, Protocol

import numpy as np

from solver.problem import FloatArray

type Response = Literal["linear", "lognormal"]

_FARTHEST: Final = 650.0
"""exp of this, times any amount, is far above every amount and still a number."""
_NOTHING: Final = 1e-15
"""An amount of minor units that stands for none where its logarithm is asked for."""


class Curve(Protocol):
    """One response. Arrays are (n,), anchors and quotas in minor units."""

    def quota(
        self, anchor: FloatArray, yardstick: FloatArray, level: FloatArray | float
    ) -> FloatArray:
        """What everybody would carry at these levels, which may be infinite, without limits."""

    def distance(self, anchor: FloatArray, quota: FloatArray) -> FloatArray:
        """yardstick x level of these quotas."""

    def slope(self, yardstick: FloatArray, quota: FloatArray) -> FloatArray:
        """By how much these quotas rise when the level rises by one."""


class _Linear:
    def quota(
        self, anchor: FloatArray, yardstick: FloatArray, level: FloatArray | float
    ) -> FloatArray:
        return anchor + yardstick * level

    def distance(self, anchor: FloatArray, quota: FloatArray) -> FloatArray:
        return quota - anchor

    def slope(self, yardstick: FloatArray, quota: FloatArray) -> FloatArray:  # noqa: ARG002 - a line
        return yardstick


class _LogNormal:
    def quota(
        self, anchor: FloatArray, yardstick: FloatArray, level: FloatArray | float
    ) -> FloatArray:
        # Clipped before the exponential: beyond lies every limit, and then infinity.
        return np.asarray(anchor * np.exp(np.minimum(yardstick * level, _FARTHEST)))

    def distance(self, anchor: FloatArray, quota: FloatArray) -> FloatArray:
        return np.minimum(np.log(np.maximum(quota, _NOTHING) / anchor), _FARTHEST)

    def slope(self, yardstick: FloatArray, quota: FloatArray) -> FloatArray:
        return yardstick * np.maximum(quota, _NOTHING)


LINEAR: Final[Curve] = _Linear()
LOGNORMAL: Final[Curve] = _LogNormal()
CURVES: Final[Mapping[Response, Curve]] = {"linear": LINEAR, "lognormal": LOGNORMAL}
