"""Units of a version that are frozen: which, at which envelope, and what stands in them.

domain/lane.py   a lane, one frozen unit of a draft, and lanes inside lanes
domain/work.py   what stands in a lane, as bytes that name themselves
tables.py        lanes, and who did what in them
repository.py    how lanes and their work are found and stored

What people do with a frozen unit is `negotiations.levels`.
"""
