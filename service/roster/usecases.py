"""What one can do with facts: keep them as a snapshot, fetch them, forget people."""

from collections.abc import Collection

from sqlalchemy.orm import Session

from service.roster import repository
from service.roster.domain import Inputs, People
from service.roster.repository import PeopleOfPlan, Snapshots


def store_snapshot(
    session: Session, workspace_id: str, inputs: Inputs, *, plan_id: str | None = None
) -> str:
    """Keep the inputs under their hash, which is answered, and their people with the plan.

    Without a plan, personal data is not kept.
    """
    Snapshots(session, workspace_id).put(inputs)
    if plan_id is not None:
        PeopleOfPlan(session, workspace_id, plan_id).put(inputs)
    return inputs.hash


def replace_snapshot(
    session: Session, workspace_id: str, before: Inputs, after: Inputs, *, plan_id: str
) -> str | None:
    """Keep `after`, which was made of `before`; None where people have changed meanwhile."""
    people = PeopleOfPlan(session, workspace_id, plan_id)
    if not people.put(after, instead_of=before.people):
        return None
    return store_snapshot(session, workspace_id, after)


def load_snapshot(
    session: Session, workspace_id: str, key: str, *, plan_id: str | None = None
) -> Inputs:
    """The inputs with this hash, with the plan's people if one is named.

    Raises SnapshotNotFound, for another workspace's too, and SnapshotDamaged.
    """
    content = Snapshots(session, workspace_id).get(key)
    people = people_of(session, workspace_id, plan_id) if plan_id else People()
    return Inputs.of_content(content, people)


def people_of(session: Session, workspace_id: str, plan_id: str) -> People:
    """What is known of the people of a plan."""
    return PeopleOfPlan(session, workspace_id, plan_id).get()


def names_of(session: Session, workspace_id: str, plan_id: str) -> dict[str, str]:
    """What a plan's reps are called, by their ids."""
    return PeopleOfPlan(session, workspace_id, plan_id).names()


def owners_of(session: Session, workspace_id: str, plan_id: str) -> dict[str, str]:
    """Who answers for the units of a plan, by the ids of the units."""
    return PeopleOfPlan(session, workspace_id, plan_id).owners()


def names_of_rep(session: Session, workspace_id: str, rep: str) -> frozenset[str]:
    """What one rep is called in the plans of the workspace."""
    return repository.called(session, workspace_id, rep)


def forget_person(
    session: Session, workspace_id: str, person: str, names: Collection[str] = ()
) -> int:
    """Erase what is known of a rep, or of an owner of units by key or by one of these names; every
    hash stays valid. Answers how many rows that were.
    """
    return repository.erase(session, workspace_id, person, names)
