"""Why a table cannot be made, as data: which rows carry more than their cells can hold.

* SolverError
  x CannotSpread          the margins, limits and zeros of a table cannot all hold
  x InfeasibleInParts     rules conflict, among them some that targets of parts made
  x PartsCannotHold       targets of parts contradict who sells what, whatever quotas are
  x SpreadFailed          they can, but no table was found that passes our own check
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.errors import InfeasibleProblem, SolverError
from solver.infeasibility import Infeasibility
from solver.policy import LinearRow
from solver.problem import BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """An inequality that every table keeps and these rows break: sum of their margins <= most.

    most = the cells of these rows in other columns at their highest
           + the whole of these columns - what other rows carry there at the least
    """

    rows: BoolArray
    """(n,) the rows that carry too much together; all others carry too little."""
    columns: BoolArray
    """(k,) the columns that these rows fill to the brim."""
    carried: int
    """The sum of their margins, in minor units; above `most`."""
    most: int

    @property
    def sentence(self) -> str:
        rows, full = int(self.rows.sum()), int(self.columns.sum())
        excess = f"{self.carried - self.most:,} minor units"
        if rows == 0:
            return f"{_columns(full)}: the least that the cells carry is {excess} too much"
        if rows == len(self.rows):
            others = _columns(len(self.columns) - full)
            return f"{others}: the most that the cells can carry is {excess} too little"
        return (
            f"{rows} rows carry {self.carried:,} minor units, but their cells hold at most "
            f"{self.most:,}: {_columns(full)} cannot take more, and limits hold the others"
        )


def _columns(count: int) -> str:
    return "1 column" if count == 1 else f"{count} columns"


class CannotSpread(SolverError):
    """No table has these sums within these limits."""

    def __init__(self, cut: Cut) -> None:
        super().__init__(cut.sentence)
        self.cut = cut

    @property
    def whatever_rows_carry(self) -> bool:
        """Whether limits and columns contradict each other, so that no other rows would help."""
        return bool(np.all(self.cut.rows) or not np.any(self.cut.rows))


class SpreadFailed(SolverError):
    """No table was found, though there is one."""


class InfeasibleInParts(InfeasibleProblem):
    """The rules cannot all hold beside those that targets of parts made."""

    def __init__(self, infeasibility: Infeasibility, cuts: tuple[LinearRow, ...]) -> None:
        super().__init__(infeasibility)
        self.cuts = cuts


class PartsCannotHold(SolverError):
    """Targets by product, kind of customer and months that no quotas can meet."""

    def __init__(self, targets: tuple[int, ...], names: tuple[str, ...]) -> None:
        first = " and ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        super().__init__(f"no quotas can meet {first}")
        self.targets = targets
        """Their places among the targets."""
