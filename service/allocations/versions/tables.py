"""What is stored of versions beside their row in `plans`: the chunks that their manifests name."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.kit.db import Base
from service.kit.seals import Sealed


class Chunk(Sealed, Base):
    """Some rows as compressed canonical bytes, named by the SHA-256 of the bytes before that.

    Versions share chunks: one that differs in a single unit stores a single new one. A workspace
    shares only with itself, so that nobody can find out what somebody else has stored.
    """

    __tablename__ = "chunk"

    workspace_id: Mapped[str] = mapped_column(sa.ForeignKey("workspace.id"), primary_key=True)
    hash: Mapped[str] = mapped_column(sa.String(71), primary_key=True)  # "sha256:" and 64 digits
    data: Mapped[bytes] = mapped_column(sa.LargeBinary)  # zlib
