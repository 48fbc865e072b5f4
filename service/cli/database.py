"""What several commands need: the settings, and the database behind them, in working order."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from difflib import get_close_matches
from typing import Final

import sqlalchemy as sa
import typer
from pydantic import ValidationError
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource, SettingsError

from service.cli.failure import Failure
from service.kit.db import Database, open_database
from service.kit.errors import DatabaseUnavailable
from service.kit.faults import sentence
from service.kit.migrations import Tables, tables_of, upgrade
from service.kit.row_security import is_bypassed
from service.kit.settings import Settings

_SIMILAR: Final = 0.9
"""How alike a misspelt name and a setting are (difflib's ratio)."""
_PASSWORDS: Final = "password", "sslpassword"
"""As PostgreSQL takes them after the question mark of an address."""


def read_settings(*, host: str | None = None, port: int | None = None) -> Settings:
    """The settings of the environment; what the command line says wins. Raises Failure."""
    try:
        settings = Settings()
        _refuse_misspelt()
    except ValidationError as error:
        faults = (
            f"FAIRQUOTA_{str(fault['loc'][0]).upper()}: {sentence(fault)}"
            for fault in error.errors()
            if fault["type"] != "default_factory_not_called"  # because of another fault
        )
        raise Failure("; ".join(faults)) from None
    except SettingsError as error:  # a list or an object that is no JSON
        raise Failure(f"A setting cannot be read: {error}.") from None
    said = {"host": host, "port": port}
    return settings.model_copy(
        update={name: value for name, value in said.items() if value is not None}
    )


def _refuse_misspelt() -> None:
    """Whoever sets FAIRQUOTA_FOUREYES relies on two pairs of eyes. Other names may be meant for
    others, such as a key for a program that calls the API. Raises Failure.
    """
    known = [f"fairquota_{name}" for name in Settings.model_fields]
    for source in (EnvSettingsSource(Settings), DotEnvSettingsSource(Settings)):
        for name in source.env_vars:
            if name.startswith("fairquota_") and name not in known:
                for meant in get_close_matches(name, known, n=1, cutoff=_SIMILAR):
                    raise Failure(f"{name.upper()} is no setting; is {meant.upper()} meant?")


@contextmanager
def in_words(settings: Settings) -> Iterator[None]:
    """Turn what a database refuses into a sentence without passwords."""
    try:
        yield
    except (
        sa.exc.DatabaseError,
        sa.exc.ArgumentError,
        ValueError,
        DatabaseUnavailable,
    ) as e:
        reason = str(getattr(e, "orig", None) or e).strip().splitlines()[0]
        raise Failure(f"The database {shown(settings)} cannot be used: {reason}") from e


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """The database with current tables: SQLite is upgraded, PostgreSQL has to be already."""
    with in_words(settings):
        bring_up_to_date(settings)
        database = open_database(settings.database_url)
        try:
            yield database
        finally:
            database.close()


def bring_up_to_date(settings: Settings) -> None:
    """Upgrade a SQLite file; refuse a PostgreSQL database whose tables are too old.

    A file has one process and one owner, who has just started the new release. A server may have
    an older release still running on it: when to upgrade that is a decision. Tables of a later
    release are worked with, for a process of this one may have to start while others are replaced.
    """
    if sa.make_url(settings.database_url).get_backend_name() == "sqlite":
        found = upgrade(settings.database_url)
    else:
        with (
            closing(open_database(settings.database_url)) as database,
            database.engine.connect() as connection,
        ):
            found = tables_of(connection)
    if found is Tables.NEWER:
        typer.echo(
            f"The database {shown(settings)} has the tables of a later release. This one works "
            "with them while you go from one release to the next; go on to the later one soon.",
            err=True,
        )
    elif found is Tables.OLDER:
        raise Failure(
            f"The database {shown(settings)} does not have the tables of this release; "
            "run `fairquota db upgrade` first."
        )


def warn_without_second_wall(settings: Settings) -> None:
    """Say so where the service connects to PostgreSQL as a role that sees all workspaces anyway."""
    if sa.make_url(settings.database_url).get_backend_name() == "sqlite":
        return
    with (
        closing(open_database(settings.database_url)) as database,
        database.engine.connect() as connection,
    ):
        bypassed = is_bypassed(connection)
    if bypassed:
        typer.echo(
            "The database role sees all workspaces whatever row-level security says; connect as "
            "another one (FAIRQUOTA_SERVICE_ROLE of `fairquota db upgrade`).",
            err=True,
        )


def shown(settings: Settings) -> str:
    """The address of the database, without its passwords."""
    try:
        address = sa.make_url(settings.database_url).difference_update_query(_PASSWORDS)
    except sa.exc.ArgumentError:
        return "of FAIRQUOTA_DATABASE_URL"
    return address.render_as_string(hide_password=True)
