"""API keys: 256 random bits after `fq_`, shown once, kept as their SHA-256.

A key is found by the hash of its text, so no secret is ever compared and an unknown, an expired
and a revoked key take the same path. After a rotation the old text works until `previous_until`.

When a key was last used is written behind the callers' backs, at most once a minute and key: no
call waits for it.
"""

import hashlib
import secrets
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.kit.db import Base, Database, UtcDateTime
from service.kit.ids import new_id
from service.kit.row_security import EVERYWHERE

PREFIX = "fq_"
_NOTED_EVERY = timedelta(minutes=1)

log = structlog.get_logger()


class ApiKey(Base):
    """A key's fingerprint and what it opens; the key itself is known to its owner only."""

    __tablename__ = "api_key"
    __table_args__ = (sa.Index("uq_api_key_previous_sha256", "previous_sha256", unique=True),)

    id: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    workspace_id: Mapped[str] = mapped_column(sa.ForeignKey("workspace.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    role: Mapped[str] = mapped_column(sa.String(20))
    unit: Mapped[str | None] = mapped_column(sa.String(128))
    rep: Mapped[str | None] = mapped_column(sa.String(128))
    person: Mapped[str | None] = mapped_column(sa.String(200))
    """Whose key it is: their subject (`sub`) at the identity provider, or any name of theirs."""
    sha256: Mapped[str] = mapped_column(sa.String(64), unique=True)
    previous_sha256: Mapped[str | None] = mapped_column(sa.String(64))
    previous_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    def is_valid(self, now: datetime) -> bool:
        """As `find_key` has it."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)

    def renew(self) -> str:
        """Give the key a new text, which is answered once and kept nowhere."""
        text = PREFIX + secrets.token_urlsafe(32)
        self.sha256 = _fingerprint(text)
        return text


def create_key(
    session: Session,
    workspace_id: str,
    name: str,
    role: str,
    *,
    now: datetime,
    unit: str | None = None,
    rep: str | None = None,
    person: str | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Store a new key; its text is answered once and kept nowhere."""
    key = ApiKey(
        id=new_id("key"),
        workspace_id=workspace_id,
        name=name,
        role=role,
        unit=unit,
        rep=rep,
        person=person,
        created_at=now,
        expires_at=expires_at,
    )
    text = key.renew()
    session.add(key)
    session.flush()
    return key, text


def find_key(session: Session, text: str, now: datetime) -> ApiKey | None:
    """The key with this text if it is valid now."""
    fingerprint = _fingerprint(text)
    return session.scalar(
        sa.select(ApiKey).where(
            sa.or_(
                ApiKey.sha256 == fingerprint,
                sa.and_(ApiKey.previous_sha256 == fingerprint, ApiKey.previous_until > now),
            ),
            sa.or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now),
            ApiKey.revoked_at.is_(None),
        )
    )


def keys_of_person(session: Session, workspace_id: str, person: str) -> frozenset[str]:
    """The ids of all keys that were ever made for somebody, those that are over as well."""
    query = sa.select(ApiKey.id).filter_by(workspace_id=workspace_id, person=person)
    return frozenset(session.scalars(query))


def keys_of_rep(session: Session, workspace_id: str, rep: str) -> Sequence[ApiKey]:
    """All that were ever made for who is this rep: those that name the rep, and those that are of
    the same person as one of these.
    """
    own = sa.select(ApiKey.person).filter_by(workspace_id=workspace_id, rep=rep)
    of_person = ApiKey.person.in_(own.where(ApiKey.person.is_not(None)))
    query = sa.select(ApiKey).where(
        ApiKey.workspace_id == workspace_id, sa.or_(ApiKey.rep == rep, of_person)
    )
    return session.scalars(query.order_by(ApiKey.id)).all()


def forget_whose(keys: Sequence[ApiKey]) -> int:
    """The keys of one person go on working under their ids. Those that said that they are one
    person's still do, and no more of whom.
    """
    nobody = new_id("person")
    named = [key for key in keys if key.name != key.id]
    for key in named:
        key.name = key.id
        key.person = nobody if key.person else None
    return len(named)


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class KeyUses:
    """Remembers in the database when keys were last used."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._noted: dict[str, datetime] = {}
        self._unwritten: dict[str, datetime] = {}

    def note(self, key: ApiKey, now: datetime) -> None:
        """Raises nothing and waits for nobody."""
        with self._lock:
            last = self._noted.get(key.id, key.last_used_at)
            if last is not None and now - last < _NOTED_EVERY:
                return
            self._noted[key.id] = now
            written_already = bool(self._unwritten)
            self._unwritten[key.id] = now
        if not written_already:  # else the write that is to come takes this one along
            self._database.in_the_background(self._write)

    def _write(self) -> None:
        with self._lock:
            uses, self._unwritten = self._unwritten, {}
        with self._database.of(EVERYWHERE).sessions.begin() as session:
            for key_id, at in sorted(uses.items()):
                session.execute(
                    sa.update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=at)
                )
