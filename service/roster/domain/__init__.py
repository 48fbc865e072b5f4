"""What is allowed in the facts of a plan, and the one immutable value they become.

columns.py      the facts as frozen columns
measures.py     what is planned: one main measure, further ones, ratios
inputs.py       Inputs: content, hash, and personal data beside it
reading.py      columns out of rows, with the faults of single values
rules.py        what must hold between rows
targets.py      the targets of one measure, which have to agree
definitions.py  the list of measures
periods.py      months as people write them
planned.py      targets and history, measure by measure
read.py         read_inputs: a whole body, every fault at once
patch.py        patched_inputs: some rows, upserted; patch_faults.py tells its sender what is wrong
rolled.py       rolled_inputs: those of an earlier plan, for the plan of a later period
"""

from service.roster.domain.columns import (
    NONE,
    Absences,
    History,
    Holders,
    Reps,
    Targets,
    Territories,
    Units,
)
from service.roster.domain.inputs import Inputs, People, Person, content_hash
from service.roster.domain.patch import patched_inputs
from service.roster.domain.read import InvalidInputs, read_inputs
from service.roster.domain.rolled import LeftBehind, Rolled, Shown, rolled_inputs

__all__ = [
    "NONE",
    "Absences",
    "History",
    "Holders",
    "Inputs",
    "InvalidInputs",
    "LeftBehind",
    "People",
    "Person",
    "Reps",
    "Rolled",
    "Shown",
    "Targets",
    "Territories",
    "Units",
    "content_hash",
    "patched_inputs",
    "read_inputs",
    "rolled_inputs",
]
