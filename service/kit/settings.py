"""Every knob of the service, read once at start and handed down; nothing reads a global."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.kit.roles import Role

type Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"
]
"""Of signatures by a key pair: never `none`, and none by a shared secret."""


def _calls_per_minute(known: dict[str, Any]) -> int:
    return 0 if known.get("access") == "local" else 1200


_LEAST_WORKER_MEMORY = 512
"""Megabytes; with half of that a worker died before it had begun."""


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

    access: Literal["local", "keys", "oidc"] = "local"
    """`local`: every caller is the local administrator, on loopback only; `keys`: API keys;
    `oidc`: API keys, and tokens of the company's identity provider."""

    oidc_issuer: str | None = Field(default=None, validate_default=True)
    """Who issues tokens, exactly as their `iss` says."""

    oidc_audience: str | None = Field(default=None, validate_default=True)
    """What tokens for this service have in `aud`."""

    oidc_jwks_url: str | None = None
    """Where the provider's keys are; else what its discovery document says."""

    oidc_algorithms: tuple[Algorithm, ...] = Field(
        default=("RS256", "ES256", "EdDSA"), min_length=1
    )
    """By which tokens may be signed: a JSON list."""

    oidc_role_claim: str = "roles"
    """Where a token says what somebody is: a name, or a list of names."""

    oidc_roles: dict[str, Role] = Field(default_factory=dict)
    """Which of these names is which role, a JSON object; of several the first one counts. Left out:
    the names are the roles."""

    oidc_unit_claim: str = "unit"
    """Where a manager's token names the unit."""

    oidc_rep_claim: str = "rep"
    """Where a token names which rep somebody is: of every role that carries a quota."""

    oidc_name_claim: str = "name"

    oidc_workspace_claim: str | None = None
    """Where a token names the workspace; left out: everybody is in the default one."""

    @field_validator("oidc_issuer", "oidc_audience")
    @classmethod
    def _is_there_for_oidc(cls, value: str | None, info: ValidationInfo) -> str | None:
        if not value and info.data.get("access") == "oidc":
            raise ValueError("is required where FAIRQUOTA_ACCESS is oidc")
        return value

    calls_per_minute: int = Field(default_factory=_calls_per_minute, ge=0, le=1_000_000)
    """How often one key or identity may call a process of the service; then 429. 0: no limit, as in
    local mode by default."""

    refused_keys_per_minute: int = Field(default=30, ge=0, le=1_000_000)
    """How many keys and tokens that are not valid may come from one address; then 429, but for keys
    that were valid lately. 0: no limit."""

    four_eyes: bool = False
    """Whether somebody else has to approve a version than who submitted it."""

    change_request_days: int = Field(default=14, ge=1, le=366)
    """Days for a decision on a change request that names no deadline."""

    webhooks_to_private_addresses: bool = False
    """Whether webhooks may be sent inside the own network, and without TLS."""

    max_body_bytes: int = Field(default=25_000_000, gt=0)
    """The largest JSON body that is read; a larger one answers 413."""

    max_upload_bytes: int = Field(default=100_000_000, gt=0)
    """The largest form with files that is read; what lies beyond a megabyte of each file is kept on
    disk. A larger one answers 413."""

    answer_within: float = Field(default=1.0, ge=0, le=600, allow_inf_nan=False)
    """Seconds after which the caller of a long call is told where to look (202) while it goes on.
    A caller who wants to wait longer says so: `Prefer: wait=60`."""

    workers: int = Field(default=1, ge=0, le=64)
    """Processes that `fairquota serve` starts, when they are needed, for what outlasts
    `answer_within`. 0: none here; `fairquota worker` does it, on any machine."""

    worker_memory: int = Field(default=1024, gt=0)
    """Megabytes after which a worker process is replaced when it has done what it is at."""

    worker_memory_limit: int = Field(default=0, ge=0)
    """Megabytes that a worker process may have at most; a call that needs more ends as a problem.
    0: as many as the machine has."""

    @field_validator("worker_memory_limit")
    @classmethod
    def _is_enough_to_start(cls, value: int) -> int:
        if 0 < value < _LEAST_WORKER_MEMORY:
            raise ValueError(f"is at least {_LEAST_WORKER_MEMORY}, or 0 for no limit")
        return value

    workspace_at_once: int = Field(default=0, ge=0)
    """How many operations of one workspace are carried out at once, parts of batches among them,
    over all processes with the same database. 0: as many as there are workers."""

    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """Where `fairquota worker` answers what its processes have counted, for Prometheus; left out:
    nowhere. `fairquota serve` answers `GET /metrics` at its own port."""

    solve_time_limit: float = Field(default=30.0, gt=0, allow_inf_nan=False)
    """Seconds that one solve may take; then it answers 503 and nothing is stored."""

    waiting_calls: int = Field(default=16, ge=0, le=32)
    """How many calls may wait at once until others have changed the same plan; each keeps one of
    the server's 40 threads. One more answers 503."""

    waiting_seconds: float = Field(default=30.0, gt=0, le=3600, allow_inf_nan=False)
    """How long each of them may wait; then it answers 503, and nothing is changed."""

    manager_limit: float = Field(default=0.05, ge=0, allow_inf_nan=False)
    """How far a manager may move a quota, as a part of what it was when the adjustments began."""

    log_format: Literal["json", "text"] = "json"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
