"""What is stored of versions that put lanes together, and names people."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.kit.forgetting import Forgotten
from service.negotiations.levels.tables import LaneAssembly


def forget(session: Session, person: Forgotten) -> tuple[int, int]:
    """In all plans of the workspace; answers how many notes, and how many names of actors."""
    query = sa.select(LaneAssembly).filter_by(workspace_id=person.workspace_id)
    notes = 0
    for row in session.scalars(query.where(person.may_be_named_in(LaneAssembly.note))):
        if person.is_named_in(row.note):
            row.note, notes = None, notes + 1
    session.flush()
    return notes, person.unsign(session, LaneAssembly.by)
