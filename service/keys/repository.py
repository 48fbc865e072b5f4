"""The keys of one workspace, as if they were a collection in memory."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.keys.domain import KeyNotFound
from service.kit.auth import Role
from service.kit.keys import ApiKey
from service.kit.pages import PageRequest, fetch_page


class Keys:
    def __init__(self, session: Session, workspace_id: str) -> None:
        self.session = session
        self.workspace_id = workspace_id
        self._all = sa.select(ApiKey).filter_by(workspace_id=workspace_id)

    def get(self, key_id: str) -> ApiKey:
        """For a change: others wait. Raises KeyNotFound."""
        query = self._all.filter_by(id=key_id).with_for_update()
        key = self.session.scalar(query.execution_options(populate_existing=True))
        if key is None:
            raise KeyNotFound(f"There is no key {key_id[:80]}.")
        return key

    def page(self, page: PageRequest) -> tuple[Sequence[ApiKey], str | None]:
        """Newest first, with those that are over."""
        listing = f"keys of {self.workspace_id}"
        return fetch_page(
            self.session, self._all, page, ApiKey.id, listing=listing, newest_first=True
        )

    def every(self) -> Sequence[ApiKey]:
        """Oldest first."""
        return self.session.scalars(self._all.order_by(ApiKey.id)).all()

    def valid_administrators(self, now: datetime) -> list[str]:
        """Their ids. They are locked in one order, so that of two who revoke each other's keys the
        second one sees what the first has done.
        """
        query = self._all.filter_by(role=Role.ADMIN.value).order_by(ApiKey.id).with_for_update()
        keys = self.session.scalars(query.execution_options(populate_existing=True))
        return [key.id for key in keys if key.is_valid(now)]
