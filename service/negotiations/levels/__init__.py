"""Level by level: a unit's envelope is agreed and frozen, its owner works inside it, and signs off.

domain/        what a lane is and may become, and how a unit's own problem is solved
tables.py      lanes, and who did what in them
repository.py  how lanes and their work are found and stored
usecases/      freeze, solve, adjust, sign off, put everything together in one version
schemas.py     what the API says
router.py      which URL

A lane is one unit of one draft, the frame. Its rows are its own: nobody's work in one lane touches
a row that another one writes.
"""
