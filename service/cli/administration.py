"""`fairquota db upgrade`: the tables; `keys` has a module of its own."""

import typer

from service.cli.database import in_words, read_settings


def upgrade_database() -> None:
    from service.kit.migrations import upgrade

    settings = read_settings()
    with in_words(settings):
        upgrade(settings.database_url, service_role=settings.service_role)
    typer.echo("The tables are those of this release.", err=True)
