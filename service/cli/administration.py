"""`fairquota db upgrade`: the tables; `keys` has a module of its own."""

import typer

from service.cli.database import in_words, read_settings


def upgrade_database() -> None:
    from service.kit.migrations import Tables, upgrade

    settings = read_settings()
    with in_words(settings):
        found = upgrade(settings.database_url, service_role=settings.service_role)
    if found is Tables.NEWER:
        typer.echo("The tables are those of a later release, and stay as they are.", err=True)
    else:
        typer.echo("The tables are those of this release.", err=True)
