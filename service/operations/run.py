"""One try to carry a request out, which may be an operation's."""

import secrets
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from sqlalchemy.orm import Session

from service.kit.db import Database
from service.kit.idempotency import Attempt, StillUnderWay
from service.operations.domain import OperationLost
from service.operations.repository import Operations
from service.operations.tables import Operation

_BEGUN: Final = "operation.begin"


@dataclass(frozen=True, slots=True)
class Held:
    """An operation that this process carries out: while `token` is its, no other one may."""

    database: Database
    """Of its workspace."""
    id: str
    workspace_id: str
    token: str = field(default_factory=lambda: secrets.token_hex(16))


@dataclass(slots=True, eq=False)
class Run:
    """One try to carry a request out."""

    held: Held | None = None
    """Once the request is an operation."""
    stopped: bool = False
    """Nobody wants it any more; whoever does long work is told that the caller has left."""
    handed_over: bool = False
    """What is not done when it has stopped is done by a worker."""
    stage: str | None = None
    steps: int = 0
    _stored: bool = False
    _deciding: Lock = field(default_factory=Lock)

    def tell(self, stage: str, steps: int) -> None:
        """How far it has come; called from any thread, many times a second."""
        self.stage, self.steps = stage, steps

    def hand_over(self) -> None:
        """Stop here; a worker begins anew."""
        self.handed_over = self.stopped = True

    def stamp(self, session: Session, action: str, subject: str) -> None:
        """Something is done in this transaction. Raises OperationLost."""
        with self._deciding:
            if self.held is None:
                self._stored = True
                return
        operations = Operations(session, self.held.workspace_id)
        if not operations.stamp(self.held.token, action, subject):
            raise OperationLost("What was done for it here is not stored.")

    def become(self, held: Held, operation: Operation, attempt: Attempt | None = None) -> bool:
        """Have the request stored as an operation, unless it has done something already or another
        try with its key (`attempt`) has taken over. The key says so in the same transaction: else
        who dies before the 202 is kept would leave it free, and the operation beside it.

        Where the commit fails nobody knows whether it is stored. The request is held all the same,
        so that it does something if, and only if, its operation is there.
        """
        with held.database.sessions() as session:
            Operations(session, held.workspace_id).forget_old(operation.started_at)
            session.add(operation)
            session.flush()
            if attempt is not None:
                try:
                    attempt.stamp(session, _BEGUN, operation.id)
                except StillUnderWay:
                    return False
            # Here a writer of SQLite has its lock: who stamps meanwhile has not begun to store.
            with self._deciding:
                if self._stored:
                    return False
                self.held = held
                session.commit()
                return True
