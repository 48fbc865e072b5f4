"""`fairquota db upgrade` and `fairquota keys create`."""

from service.cli.database import in_words, read_settings
from service.cli.failure import Failure


def upgrade_database() -> None:
    from service.kit.migrations import upgrade

    settings = read_settings()
    with in_words(settings):
        upgrade(settings.database_url, service_role=settings.service_role)


def make_key(name: str, role: str) -> None:
    """Print the new key and nothing else on stdout, so that a script can catch it."""
    import sys

    import typer

    from service.cli.database import opened
    from service.kit.auth import DEFAULT_WORKSPACE, Role
    from service.kit.clock import utc_now
    from service.kit.keys import create_key

    if role not in list(Role):
        known = ", ".join(Role)
        raise Failure(f"There is no role {role!r}; choose one of: {known}.")
    if role in (Role.MANAGER, Role.REP):
        raise Failure(f"A key of the role {role} needs a unit or rep, which cannot be said yet.")
    if not 0 < len(name) <= 200:
        raise Failure("The name of a key has 1 to 200 characters.")
    with (
        opened(read_settings()) as database,
        database.of(DEFAULT_WORKSPACE).sessions.begin() as session,
    ):
        key, text = create_key(session, DEFAULT_WORKSPACE, name, role, now=utc_now())
    if sys.stderr.isatty():
        typer.echo(f"{key.id} for {name}; keep it now, it cannot be shown again:", err=True)
    typer.echo(text)
