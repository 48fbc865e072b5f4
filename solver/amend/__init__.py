"""Changing a plan that stands: who carries the difference, and in which months.

standing.py   the quotas as they are, and the limits that they keep
carriers.py   the others of a unit carry a change, each by the same part of the own quota
shared.py     some people carry a change that comes from outside
guests.py     the others of a unit carry a change of somebody who works there and hangs elsewhere
funding.py    which unit that is, for several changes that are one decision
nearest.py    the plan nearest to quotas that break limits
months.py     what a change does to the months of a quota

All is in layout order (`solver.hierarchy`): reps by their places, units by their nodes. Nobody
outside a funding unit moves, so an amendment can be checked, and undone, by itself.
"""

from solver.amend.carriers import CannotCarry, Stop, carried
from solver.amend.funding import CARRYING, Amendment, Funding, amended, one_decision
from solver.amend.months import moved
from solver.amend.shared import shared, shared_inside
from solver.amend.standing import Standing

__all__ = [
    "CARRYING",
    "Amendment",
    "CannotCarry",
    "Funding",
    "Standing",
    "Stop",
    "amended",
    "carried",
    "moved",
    "one_decision",
    "shared",
    "shared_inside",
]
