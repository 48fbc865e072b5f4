"""Tables as a later release leaves them: what old processes see while they are replaced."""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from service.kit.db import open_database
from service.kit.resources import migrations_folder

_ADDS = '''"""what a later release adds"""

import sqlalchemy as sa
from alembic import op

revision = "later"
down_revision = "{newest}"
GROWN = ("operation", "plan_version")


def upgrade() -> None:
    op.create_table("later", sa.Column("workspace_id", sa.String(40), nullable=False))
    for table in GROWN:
        op.add_column(table, sa.Column("later", sa.String(40), nullable=True))


def downgrade() -> None:
    for table in GROWN:
        op.drop_column(table, "later")
    op.drop_table("later")
'''


@contextmanager
def tables_of_a_later_release(owners_url: str, folder: Path) -> Iterator[None]:
    """One migration further, and back; `folder` is for its files."""
    own = folder / "migrations"
    shutil.copytree(migrations_folder(), own, ignore=shutil.ignore_patterns("__pycache__"))
    config = Config()
    config.set_main_option("script_location", str(own).replace("%", "%%"))
    newest = ScriptDirectory.from_config(config).get_current_head()
    (own / "versions" / "later.py").write_text(_ADDS.format(newest=newest))
    _bring_to(owners_url, config, "later")
    try:
        yield
    finally:
        _bring_to(owners_url, config, str(newest))


def _bring_to(owners_url: str, config: Config, revision: str) -> None:
    go = command.upgrade if revision == "later" else command.downgrade
    with (
        closing(open_database(owners_url, foreign_keys=False)) as database,
        database.engine.begin() as connection,
    ):
        config.attributes["connection"] = connection
        go(config, revision)
