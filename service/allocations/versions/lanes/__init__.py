"""Units of a version that are frozen: which, at which envelope, and what stands in them.

domain/lane.py   a lane, one frozen unit of a draft, and lanes inside lanes
domain/work.py   what stands in a lane, as bytes that name themselves
domain/agreed.py which envelopes a version keeps, and hands down to whatever is made of it
domain/along.py  what of the lanes of a draft goes along into a version that is made of it
usecases/        the same of what is stored
tables.py        lanes, and who did what in them
repository.py    how lanes and their work are found and stored

What people do with a frozen unit is `negotiations.levels`.
"""
