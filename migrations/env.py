"""Runs the migrations on the connection it is given, or on FAIRQUOTA_DATABASE_URL."""

import importlib
import pkgutil

import sqlalchemy as sa
from alembic import context

import service
from service.kit.db import Base, open_database
from service.kit.settings import Settings


def every_table() -> sa.MetaData:
    """Import the tables of every feature that has some, and the kit's own."""
    for name in ("auth", "audit", "idempotency", "outbox"):
        importlib.import_module(f"service.kit.{name}")
    for module in pkgutil.walk_packages(service.__path__, "service."):
        if module.name.endswith(".tables"):
            importlib.import_module(module.name)
    return Base.metadata


def run(connection: sa.Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=every_table(),
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    context.run_migrations()


if (given := context.config.attributes.get("connection")) is not None:
    run(given)
else:
    database = open_database(Settings().database_url, foreign_keys=False)
    with database.engine.begin() as opened:
        run(opened)
    database.close()
