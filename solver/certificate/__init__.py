"""A proof that a plan keeps its limits and is the evenest one, checkable without any engine.

On the tree one number per node, its level, is enough. With e = (q - c) / R and the unrounded plan
q:

    a node stands at its parent's level, or above it with its sum at its minimum,
                                         or below it with its sum at its maximum
    a rep stands at the level of the own unit, or above it at the floor, or below it at the cap

Then nobody with a higher stretch can hand anything to anybody with a lower one: on the way between
the two stands a floor, a cap or a full unit. On the base polytope of a tree of ranges that is
enough for leximin (see `solver.tree`).

Rules that cross the tree need two more things, for there the plan is made in two stages.

    largest   nobody stretches further than t*, and no plan within the limits has a smaller largest
              stretch: prices of the limits show it, by weak duality (`solver.coupled.duality`)
    squares   each rule has a level mu of its own; a rep stands at
                  the level of the own unit + the sum of coefficient x mu over the rules
              or above it at the floor, or below it at the cap or at t*; a rule has a level above 0
              only with its sum at its minimum, below 0 only with its sum at its maximum

These are the conditions of Karush, Kuhn and Tucker, which for a convex problem are enough: no plan
within the limits and t* has a smaller sum of (q - c)^2 / R.

The rounded plan is checked in integers, and is the one that `solver.rounding` makes of the
unrounded plan: no cent may have wandered afterwards.

    claim.py      what a certificate says
    readable.py   whether it can be read at all
    conditions.py the conditions above, one function each
    largest.py    those about t*
    checks.py     all of them in their order

A certificate may come from a stranger. Whatever its columns hold, `check` answers, never raises.
"""

from solver.certificate.checks import Checks, Kind, check
from solver.certificate.claim import AcrossTheTree, Certificate
from solver.certificate.readable import layout_of

__all__ = ["AcrossTheTree", "Certificate", "Checks", "Kind", "check", "layout_of"]
