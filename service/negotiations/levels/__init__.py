"""Level by level: a unit's envelope is agreed and frozen, its owner works inside it, and signs off.

domain/        what a lane may become, and how a unit's own problem is solved
tables.py      which version puts lanes together
usecases/      freeze, solve, adjust, sign off, put everything together in one version
bodies.py      what the API takes, and schemas.py, what it says
router.py      which URL

A lane (`allocations.versions.lanes`) is one unit of one draft, the frame. Its rows are its own:
nobody's work in one lane touches a row that another one writes.
"""
