"""What is allowed inside a frozen unit.

life.py       what may be done with a lane when
team.py       the unit cut out of its frame: who is in it, within which limits
solving.py    the unit's reps solved again, and adjusted
together.py   the work of all units as one ledger
limits.py     what the owner asks for the own reps, and how far a manager may go
"""
