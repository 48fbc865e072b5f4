"""Amounts that belong together in a sentence: one unit, one precision, and parts that add up.

Limits are told inwards, so that whatever is said to hold does hold.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from service.web.figures import CENTS_BELOW, Figures, half_up

_WHOLE_FROM: Final = 10
"""Amounts of currency below this keep their cents, however large those beside them are."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """How the amounts of one sentence are said. They come in minor units."""

    figures: Figures
    power: int
    """They are counted in units of ten to this power (`Figures.spoken_power`)."""
    quantum: int
    """The minor units that they are rounded to."""

    @classmethod
    def of(cls, figures: Figures, amounts: Iterable[float], power: int) -> Self:
        """Two decimals of 万 or 亿; else cents, which are left out beside large amounts."""
        if power:
            return cls(figures, power, 10 ** max(figures.digits + power - 2, 0))
        sizes = [abs(amount) / 10**figures.digits for amount in amounts if amount]
        large = max(sizes, default=0) >= CENTS_BELOW and min(sizes) >= _WHOLE_FROM
        return cls(figures, power, 10**figures.digits if large else 1)

    def tell(self, minor: float) -> str:
        return self._said(half_up(minor / self.quantum))

    def up_to(self, minor: int) -> str:
        """Of an amount up to which something holds: never more than it."""
        return self._said(minor // self.quantum)

    def parts(self, whole: int, amounts: Sequence[int]) -> list[str]:
        """Amounts that sum to the whole, but for rounding; as they are said, they sum to it.

        Each is rounded down, and what is missing goes to the largest remainders.
        """
        told = [amount // self.quantum for amount in amounts]
        missing = half_up(whole / self.quantum) - sum(told)
        order = sorted(
            range(len(told)), key=lambda k: (-(amounts[k] % self.quantum), -abs(amounts[k]), k)
        )
        for number in range(missing):
            told[order[number % len(order)]] += 1
        for number in range(-missing):
            told[order[-1 - number % len(order)]] -= 1
        return [self._said(quanta) for quanta in told]

    def _said(self, quanta: int) -> str:
        return self.figures.spoken(quanta * self.quantum, self.power)
