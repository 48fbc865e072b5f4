"""the names of a person can be taken out of what otherwise stays for ever

Expand step: only triggers change. They go on refusing everything else, so the last release writes
as before. An entry of the trail gives up a name only after an entry that says that somebody was
erased.
"""

from alembic import op

revision = "0018"
down_revision = "0017"

ENTRY = ("sequence", "id", "workspace_id", "at", "actor", "role", "action", "subject")
ENTRY_TOO = ("before", "after")  # which may be empty
VERSION = (
    "plan_id, number, inputs_hash, hash, parent_hash, base_version, policy, engine, assigned, "
    "fairness, manifest, created_at"
)
AUTHORED = ("created_by", "note")
STEP = (
    "request_id", "number", "workspace_id", "at", "action", "status", "side", "actor", "role",
    "lies_with", "amount", "funding", "effective",
)  # fmt: skip
ONLY_GROWS = "the audit trail only grows"
SAME = "a plan version is immutable"
STAYS = "a step of a change request stays"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _guard_on_sqlite()
    else:
        _guard_on_postgresql()


def _guard_on_sqlite() -> None:
    """Rebuilding a table drops its own: a migration that does so makes them again."""
    _refuse_on_sqlite(
        "audit_entry_no_update",
        "audit_entry",
        "UPDATE",
        f"{_same(ENTRY + ENTRY_TOO)} AND NEW.actor_name IN (OLD.actor_name, OLD.actor) "  # noqa: S608 -- nobody says any of it
        "AND (NEW.reason IS NULL OR NEW.reason IS OLD.reason) "
        "AND (NEW.facts = OLD.facts OR (OLD.action LIKE 'key.%' "
        "AND json(NEW.facts) = json_remove(OLD.facts, '$.name', '$.person'))) "
        "AND EXISTS (SELECT 1 FROM audit_entry AS later WHERE later.workspace_id = "
        "OLD.workspace_id AND later.subject = 'people' AND later.sequence > OLD.sequence)",
        ONLY_GROWS,
    )
    _refuse_on_sqlite(
        "plan_version_says_the_same", "plan_version", f"UPDATE OF {VERSION}", "0", SAME
    )
    _refuse_on_sqlite(
        "plan_version_keeps_its_author",
        "plan_version",
        f"UPDATE OF {', '.join(AUTHORED)}",
        "NEW.created_by IN (OLD.created_by, 'erased') "
        "AND (NEW.note IS NULL OR NEW.note IS OLD.note)",
        SAME,
    )
    _refuse_on_sqlite(
        "change_request_step_no_update",
        "change_request_step",
        "UPDATE",
        f"{_same(STEP)} AND NEW.actor_name IN (OLD.actor_name, OLD.actor)",
        STAYS,
    )


def _same(columns: tuple[str, ...]) -> str:
    return " AND ".join(f'NEW."{name}" IS OLD."{name}"' for name in columns)


def _refuse_on_sqlite(name: str, table: str, event: str, allowed: str, why: str) -> None:
    op.execute(f"DROP TRIGGER IF EXISTS {name}")
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} WHEN NOT ({allowed}) "
        f"BEGIN SELECT RAISE(ABORT, '{why}'); END"
    )


def _guard_on_postgresql() -> None:
    op.execute("DROP TRIGGER audit_entry_only_grows ON audit_entry")
    op.execute(
        "CREATE TRIGGER audit_entry_only_grows BEFORE DELETE OR TRUNCATE ON audit_entry "
        f"FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('{ONLY_GROWS}')"
    )
    op.execute(
        "CREATE FUNCTION audit_entry_gives_up_names() RETURNS trigger LANGUAGE plpgsql AS $$ "  # noqa: S608 -- nobody says any of it
        "BEGIN IF to_jsonb(NEW) - ARRAY['actor_name', 'reason', 'facts', 'seal'] "
        "= to_jsonb(OLD) - ARRAY['actor_name', 'reason', 'facts', 'seal'] "
        "AND NEW.actor_name IN (OLD.actor_name, OLD.actor) "
        "AND (NEW.reason IS NULL OR NEW.reason = OLD.reason) "
        "AND (NEW.facts::jsonb = OLD.facts::jsonb OR (OLD.action LIKE 'key.%' "
        "AND NEW.facts::jsonb = OLD.facts::jsonb - ARRAY['name', 'person'])) "
        "AND EXISTS (SELECT 1 FROM audit_entry AS later WHERE later.workspace_id = "
        "OLD.workspace_id AND later.subject = 'people' AND later.sequence > OLD.sequence) "
        f"THEN RETURN NEW; END IF; RAISE EXCEPTION '{ONLY_GROWS}' "
        "USING ERRCODE = 'restrict_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_entry_gives_up_names BEFORE UPDATE ON audit_entry "
        "FOR EACH ROW EXECUTE FUNCTION audit_entry_gives_up_names()"
    )
    op.execute("DROP TRIGGER plan_version_says_the_same ON plan_version")
    op.execute(
        f"CREATE TRIGGER plan_version_says_the_same BEFORE UPDATE OF {VERSION} ON plan_version "
        f"FOR EACH ROW EXECUTE FUNCTION refuse_change('{SAME}')"
    )
    op.execute(
        f"CREATE TRIGGER plan_version_keeps_its_author BEFORE UPDATE OF {', '.join(AUTHORED)} "
        "ON plan_version FOR EACH ROW WHEN (NOT (NEW.created_by IN (OLD.created_by, 'erased') "
        "AND (NEW.note IS NULL OR NEW.note IS NOT DISTINCT FROM OLD.note))) "
        f"EXECUTE FUNCTION refuse_change('{SAME}')"
    )
    op.execute(
        "CREATE OR REPLACE FUNCTION change_request_step_stays() RETURNS trigger "  # noqa: S608 -- nobody says any of it
        "LANGUAGE plpgsql AS $$ BEGIN IF TG_OP = 'DELETE' THEN IF NOT EXISTS "
        "(SELECT 1 FROM change_request WHERE id = OLD.request_id) THEN RETURN OLD; END IF; "
        "ELSIF NEW.actor_name IN (OLD.actor_name, OLD.actor) "
        "AND to_jsonb(NEW) - 'actor_name' = to_jsonb(OLD) - 'actor_name' THEN RETURN NEW; END IF; "
        f"RAISE EXCEPTION '{STAYS}' USING ERRCODE = 'restrict_violation'; END $$"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _refuse_on_sqlite("audit_entry_no_update", "audit_entry", "UPDATE", "0", ONLY_GROWS)
        _refuse_on_sqlite(
            "change_request_step_no_update", "change_request_step", "UPDATE", "0", STAYS
        )
        op.execute("DROP TRIGGER plan_version_keeps_its_author")
        _refuse_on_sqlite(
            "plan_version_says_the_same",
            "plan_version",
            f"UPDATE OF {VERSION}, {', '.join(AUTHORED)}",
            "0",
            SAME,
        )
        return
    op.execute("DROP TRIGGER audit_entry_gives_up_names ON audit_entry")
    op.execute("DROP FUNCTION audit_entry_gives_up_names()")
    op.execute("DROP TRIGGER audit_entry_only_grows ON audit_entry")
    op.execute(
        "CREATE TRIGGER audit_entry_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry "
        f"FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('{ONLY_GROWS}')"
    )
    for name in ("says_the_same", "keeps_its_author"):
        op.execute(f"DROP TRIGGER plan_version_{name} ON plan_version")
    op.execute(
        "CREATE TRIGGER plan_version_says_the_same "
        f"BEFORE UPDATE OF {VERSION}, {', '.join(AUTHORED)} ON plan_version "
        f"FOR EACH ROW EXECUTE FUNCTION refuse_change('{SAME}')"
    )
    op.execute(
        "CREATE OR REPLACE FUNCTION change_request_step_stays() RETURNS trigger "  # noqa: S608 -- nobody says any of it
        "LANGUAGE plpgsql AS $$ BEGIN IF TG_OP = 'DELETE' AND NOT EXISTS "
        "(SELECT 1 FROM change_request WHERE id = OLD.request_id) THEN RETURN OLD; END IF; "
        f"RAISE EXCEPTION '{STAYS}' USING ERRCODE = 'restrict_violation'; END $$"
    )
