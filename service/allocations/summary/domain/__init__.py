"""What a version comes to, counted from its rows.

sums.py      people added up, unit by unit
held.py      what holds a quota away from the common effort
movers.py    whose quota is furthest from last year's sales
decided.py   what was decided since the solve, by kind
"""
