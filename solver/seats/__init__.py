"""Who carries which part of a plan's months when people leave, come, move and swap.

A **seat** is what one row of a plan carries, month by month. It is cut into **segments**: from a
day to a day, in a unit, carried by somebody, or by nobody and why. People come and go; amounts stay
where they are until somebody carries them:

    the segments of a seat add up to the seat in every month, to the last minor unit

Days count by working days (`solver.proration`): a segment that is cut in the middle of a month
leaves to each side the part of the month that its working days are. Nothing before the day of a
change moves, so closed months stay closed. What somebody carries of a seat follows from three facts
of the person, whichever seat it is: absences, the part of the working time, the ramp of somebody
new.

tables.py     segments, facts of people, and all of it together
cuts.py       cutting segments at a day, and putting pieces together again
presence.py   what a person carries of a whole seat, and what is left to nobody
changes.py    one function per event
outcome.py    what came of a change: amounts of people by unit and month, and what is left open
"""

from solver.seats.changes import (
    come_back,
    hand_over,
    leave,
    move,
    swap,
    take_over,
    work_part_of_the_time,
)
from solver.seats.cuts import segment_days
from solver.seats.outcome import Moved, carried_by, moved, with_amounts
from solver.seats.tables import People, Seats, Segment, Why

__all__ = [
    "Moved",
    "People",
    "Seats",
    "Segment",
    "Why",
    "carried_by",
    "come_back",
    "hand_over",
    "leave",
    "move",
    "moved",
    "segment_days",
    "swap",
    "take_over",
    "with_amounts",
    "work_part_of_the_time",
]
