"""Which role may do what, and that no call of the API forgets to ask."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from service.kit.access import ALLOWED, Needs, Permission, may, require
from service.kit.auth import DEFAULT_WORKSPACE, LOCAL_ADMINISTRATOR, Caller, Role
from service.kit.errors import NotPermitted
from service.kit.settings import Settings
from service.main import create_app


def somebody(role: Role) -> Caller:
    return Caller(DEFAULT_WORKSPACE, role, "somebody", "key_1")


def needs_of(dependant: Dependant) -> Iterator[Needs]:
    if isinstance(dependant.call, Needs):
        yield dependant.call
    for below in dependant.dependencies:
        yield from needs_of(below)


def test_every_call_of_the_api_asks_for_one_permission() -> None:
    app: FastAPI = create_app(Settings(database_url="sqlite:///nowhere.db"))
    asked: dict[str, list[Needs]] = {}
    for context in iter_route_contexts(app.routes):
        route: Any = context
        if (context.path_format or "").startswith("/v1/"):
            call = f"{sorted(context.methods or ())} {context.path_format}"
            asked[call] = list(needs_of(route.dependant))

    assert len(asked) > 20
    assert {call: found for call, found in asked.items() if len(found) != 1} == {}


def test_the_local_administrator_may_do_everything() -> None:
    assert all(may(LOCAL_ADMINISTRATOR, permission) for permission in Permission)


def test_who_has_no_power_over_a_plan_reads_what_concerns_them() -> None:
    readers = {Permission.READ_PLANS, Permission.READ_QUOTAS}
    allowed = {
        role: {permission for permission in Permission if role in ALLOWED[permission]}
        for role in Role
    }

    assert allowed[Role.REP] == readers | {
        Permission.REQUEST_CHANGE,
        Permission.READ_CHANGES,
        Permission.FOLLOW_OPERATIONS,
    }
    assert allowed[Role.HR] == readers | {
        Permission.EXPORT,
        Permission.READ_SUMMARY,
        Permission.READ_FAIRNESS,
        Permission.COUNT_CHANGES,
    }
    assert allowed[Role.AUDITOR] == readers | {
        Permission.EXPORT,
        Permission.READ_SUMMARY,
        Permission.READ_FAIRNESS,
        Permission.READ_PROOFS,
        Permission.READ_INPUTS,
        Permission.READ_AUDIT,
        Permission.FOLLOW_OPERATIONS,
        Permission.READ_CHANGES,
        Permission.COUNT_CHANGES,
    }


def test_only_an_administrator_approves_publishes_and_gives_keys() -> None:
    for permission in (Permission.APPROVE, Permission.PUBLISH, Permission.MANAGE_KEYS):
        assert ALLOWED[permission] == {Role.ADMIN}


def test_a_refusal_says_who_may() -> None:
    with pytest.raises(NotPermitted) as refused:
        require(somebody(Role.MANAGER), Permission.SUBMIT)

    assert refused.value.detail == (
        "The role manager may not submit versions; who may: admin, planner."
    )
