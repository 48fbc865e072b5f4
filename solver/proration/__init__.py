"""Proration: quotas of months shared among those who hold a seat, by days in the seat.

    q_im = Q_sm x share_i x sum over worked days of fte_i (1 - away_i) / days_m x ramp_im

Q_sm is what seat s, a territory or a post, carries in month m, as the season spread it; days_m are
the month's working days, or all its days where none is worked. Whoever is in the seat for a part of
the month, works a part of the time, is away, or is new there (`solver.estimate.ramp`) carries that
part. What nobody carries is told apart by its reason, so that

    the parts of the holders + vacant + away + ramp = Q_sm

to the last minor unit. A leave is a row of `Absences`; a hire, a transfer, a swap of territories or
another working time are the end of one row of `Tenures` and the beginning of another.

Parts are whole increments where the month is one. Each lies less than one increment from its exact
value; who gets the odd increment is whose parts fell short most so far, so that two who share a
seat evenly take turns. A month depends on itself and on months before it, never on later ones, and
closed months stay what they were settled to be: what is known too late counts from the first open
month on.

tables.py     who holds which seat when, who is away, and what comes of it
parts.py      which part of each month everybody carries, before rounding
prorate.py    `prorate`: the parts as whole money, month by month
"""

from solver.proration.prorate import prorate
from solver.proration.tables import AWAY, NOT_NEW, RAMP, VACANT, Absences, Proration, Tenures

__all__ = ["AWAY", "NOT_NEW", "RAMP", "VACANT", "Absences", "Proration", "Tenures", "prorate"]
