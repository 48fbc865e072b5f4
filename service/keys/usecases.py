"""What one can do with keys: fetch, decide, store, and write it into the trail."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from service.keys.domain import DEFAULT_OVERLAP, KeyIsOver, LastAdministratorKey
from service.keys.repository import Keys
from service.kit import keys
from service.kit.audit import record
from service.kit.auth import Caller, Role
from service.kit.errors import Fault, InvalidInput
from service.kit.keys import ApiKey


@dataclass(frozen=True, slots=True)
class Terms:
    """What a key is to open, for whom and until when; role and scope fit together."""

    name: str
    role: Role
    unit: str | None = None
    rep: str | None = None
    person: str | None = None
    expires_at: datetime | None = None


def create_key(
    session: Session, caller: Caller, terms: Terms, *, now: datetime
) -> tuple[ApiKey, str]:
    """A key of the caller's workspace, and its text. Raises InvalidInput for an end in the past."""
    if terms.expires_at is not None and terms.expires_at <= now:
        past = Fault("/expires_at", "must be in the future", terms.expires_at.isoformat())
        raise InvalidInput([past])
    key, text = keys.create_key(
        session,
        caller.workspace_id,
        terms.name,
        terms.role,
        now=now,
        unit=terms.unit,
        rep=terms.rep,
        person=terms.person,
        expires_at=terms.expires_at,
    )
    facts = {"name": key.name, "role": key.role, "unit": key.unit, "rep": key.rep}
    if key.person is not None:
        facts["person"] = key.person
    expires = terms.expires_at and terms.expires_at.isoformat()
    record(session, caller, "key.create", key.id, now=now, facts=facts | {"expires_at": expires})
    return key, text


def rotate_key(
    session: Session,
    caller: Caller,
    key_id: str,
    *,
    now: datetime,
    overlap: timedelta = DEFAULT_OVERLAP,
) -> tuple[ApiKey, str]:
    """The key with a new text; the one of before works for `overlap` more, any older one no more.

    Raises KeyNotFound and KeyIsOver.
    """
    key = Keys(session, caller.workspace_id).get(key_id)
    if not key.is_valid(now):
        raise KeyIsOver(f"{key_id} cannot be rotated; make a new key.")
    key.previous_sha256, key.previous_until = key.sha256, now + overlap
    text = key.renew()
    session.flush()
    facts = {"previous_until": key.previous_until.isoformat()}
    record(session, caller, "key.rotate", key.id, now=now, facts=facts)
    return key, text


def revoke_key(
    session: Session, caller: Caller, key_id: str, *, now: datetime, even_the_last: bool = False
) -> None:
    """From now on nobody is let in by it. Raises KeyNotFound and, unless it may be `even_the_last`,
    LastAdministratorKey.
    """
    stored = Keys(session, caller.workspace_id)
    administrators = stored.valid_administrators(now)
    key = stored.get(key_id)
    if key.revoked_at is not None:
        return
    if administrators == [key.id] and not even_the_last:
        raise LastAdministratorKey(
            f"{key_id} is the only key left that can make keys. Make another one first, or rotate "
            "this one."
        )
    key.revoked_at = now
    session.flush()
    record(session, caller, "key.revoke", key.id, now=now)
