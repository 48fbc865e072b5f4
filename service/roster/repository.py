"""Stored facts, as if they were dictionaries: snapshots by their hash, people by plan."""

import zlib
from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.kit.errors import AppError, NotFound
from service.kit.seals import seal_of
from service.roster.domain import Inputs, People, Person, content_hash
from service.roster.tables import InputsSnapshot, PersonalData

# 1.9 MB of content (10,000 reps, 30,000 rows of history): level 3 is a third of level 6's time.
_LEVEL = 3
_REP, _OWNER = "rep", "owner"


class SnapshotNotFound(NotFound):
    """There is no such state of the inputs."""


class SnapshotDamaged(AppError):
    """The stored inputs are not what their hash says."""


class Snapshots:
    """The snapshots of one workspace."""

    def __init__(self, session: Session, workspace_id: str) -> None:
        self.session = session
        self.workspace_id = workspace_id

    def put(self, inputs: Inputs) -> None:
        """Store the content unless it is there already."""
        dialect = self.session.get_bind().dialect.name
        insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
        row: dict[str, Any] = {
            "workspace_id": self.workspace_id,
            "hash": inputs.hash,
            "content": zlib.compress(inputs.content, _LEVEL),
        }
        row["seal"] = seal_of(row)
        self.session.execute(insert(InputsSnapshot).on_conflict_do_nothing(), [row])

    def hashes(self) -> Sequence[str]:
        """The hashes of all snapshots."""
        query = sa.select(InputsSnapshot.hash).filter_by(workspace_id=self.workspace_id)
        return self.session.scalars(query.order_by(InputsSnapshot.hash)).all()

    def get(self, key: str, *, sealed: bool = False) -> bytes:
        """The content with this hash. Raises SnapshotNotFound and SnapshotDamaged.

        `sealed`: what is stored is looked at as well, not only what is read from it.
        """
        stored = self.session.get(InputsSnapshot, (self.workspace_id, key))
        if stored is None:
            raise SnapshotNotFound(f"There are no inputs {key[:80]}.")
        try:
            content = zlib.decompress(stored.content)
        except zlib.error:
            content = b""
        if content_hash(content) != key or (sealed and not stored.is_intact):
            raise SnapshotDamaged(f"The stored inputs {key} have been changed or damaged.")
        return content


class PeopleOfPlan:
    """Names, attributes and owners; callers have found the plan in their workspace before."""

    def __init__(self, session: Session, workspace_id: str, plan_id: str) -> None:
        self.session = session
        self.workspace_id = workspace_id
        self.plan_id = plan_id

    def get(self) -> People:
        reps, owners = dict[str, Person](), dict[str, str]()
        for kind, key, name, attributes in self._rows():
            if kind == _REP:
                reps[key] = Person(name, attributes)
            elif name:
                owners[key] = name
        return People(reps=reps, owners=owners)

    def names(self) -> dict[str, str]:
        """Just the names of the reps who have one: a tenth of the time that `get` takes."""
        return self._names(_REP)

    def owners(self) -> dict[str, str]:
        """Just the owners of the units that have one."""
        return self._names(_OWNER)

    def _names(self, kind: str) -> dict[str, str]:
        query = sa.select(PersonalData.key, PersonalData.name).where(
            PersonalData.plan_id == self.plan_id,
            PersonalData.workspace_id == self.workspace_id,
            PersonalData.kind == kind,
            PersonalData.name.is_not(None),
        )
        return {key: name for key, name in self.session.execute(query) if name}

    def put(self, inputs: Inputs, *, instead_of: People | None = None) -> bool:
        """Make what the inputs say of their reps and units the present state.

        What is stored of others stays, for older states of the inputs name them. `instead_of`: what
        was stored when the inputs were made; where that has changed, nothing is done, and the
        answer is False.
        """
        stored = {(kind, key): Person(name, said) for kind, key, name, said in self._rows()}
        wanted = _by_key(inputs.people, inputs)
        if instead_of is not None:
            for place, person in _by_key(instead_of, inputs).items():
                if person != stored.get(place, Person()):
                    return False
        others = [
            (place, person)
            for place, person in wanted.items()
            if person != stored.get(place, Person())
        ]
        # as rows and not as objects: 100,000 of these take seconds, and the plan is locked
        if changed := [self._row(*own) for own in others if own[0] in stored]:
            self.session.execute(sa.update(PersonalData), changed)
        if added := [self._row(*own) for own in others if own[0] not in stored]:
            self.session.execute(sa.insert(PersonalData), added)
        return True

    def _row(self, place: tuple[str, str], person: Person) -> dict[str, Any]:
        kind, key = place
        return {
            "plan_id": self.plan_id,
            "kind": kind,
            "key": key,
            "workspace_id": self.workspace_id,
            "name": person.name,
            "attributes": None if person.attributes is None else dict(person.attributes),
        }

    def _rows(self) -> sa.Result[str, str, str | None, dict[str, Any] | None]:
        columns = PersonalData.kind, PersonalData.key, PersonalData.name, PersonalData.attributes
        return self.session.execute(
            sa.select(*columns).filter_by(plan_id=self.plan_id, workspace_id=self.workspace_id)
        )


def _by_key(people: People, inputs: Inputs) -> dict[tuple[str, str], Person]:
    """What is known of the reps and of the owners of the units that the inputs name."""
    reps = {(_REP, key): people.reps.get(key, Person()) for key in inputs.reps.id}
    return reps | {(_OWNER, key): Person(people.owners.get(key)) for key in inputs.units.id}


def called(session: Session, workspace_id: str, rep: str) -> frozenset[str]:
    """The names that a rep has in the plans of the workspace."""
    query = sa.select(PersonalData.name).filter_by(workspace_id=workspace_id, kind=_REP, key=rep)
    return frozenset(filter(None, session.scalars(query)))


def erase(session: Session, workspace_id: str, person: str, names: Collection[str] = ()) -> int:
    """Forget a person in all plans of the workspace, also as an owner by key or by one of these
    names; answers how many rows that were.
    """
    of_person = sa.or_(
        sa.and_(PersonalData.kind == _REP, PersonalData.key == person),
        sa.and_(PersonalData.kind == _OWNER, PersonalData.name.in_([person, *names])),
    )
    query = sa.delete(PersonalData).where(PersonalData.workspace_id == workspace_id, of_person)
    result: sa.CursorResult[tuple[()]] = session.execute(query)  # type: ignore[assignment]
    return result.rowcount
