"""What is allowed inside a frozen unit.

lane.py       the life of a lane, and lanes inside lanes
work.py       what stands in a lane: quotas, locks and its own ledger, as bytes that name themselves
team.py       the unit cut out of its frame: who is in it, within which limits
solving.py    the unit's reps solved again, and adjusted
limits.py     what the owner asks for the own reps, and how far a manager may go
"""
