"""Every knob of the service, read once at start and handed down; nothing reads a global."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Each knob has a default that works on a laptop. Environment: `FAIRQUOTA_` + the name."""

    model_config = SettingsConfigDict(
        env_prefix="FAIRQUOTA_", env_file=".env", extra="ignore", frozen=True
    )

    database_url: str = Field(default_factory=lambda: f"sqlite:///{Path.cwd() / 'fairquota.db'}")
    """SQLite file or PostgreSQL; the drivers are chosen here, so `postgresql://…` is enough."""

    service_role: str | None = None
    """PostgreSQL role that `fairquota db upgrade` lets work with the rows; the service connects as
    it, so that it sees the rows of one workspace at a time."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)

    access: Literal["local", "keys"] = "local"
    """`local`: every caller is the local administrator, on loopback only; `keys`: API keys."""

    four_eyes: bool = False
    """Whether somebody else has to approve a version than who submitted it."""

    max_body_bytes: int = Field(default=25_000_000, gt=0)
    """The largest JSON body that is read; a larger one answers 413."""

    solve_time_limit: float = Field(default=30.0, gt=0, allow_inf_nan=False)
    """Seconds that one solve may take; then it answers 503 and nothing is stored."""

    log_format: Literal["json", "text"] = "json"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
