"""What a company's own program does in a season, with the client that was generated for it.

FAIRQUOTA_KEY=fq_… python season.py http://127.0.0.1:8000
"""

import asyncio
import os
import sys
from collections.abc import Iterator
from datetime import date

from fairquota_client import AuthenticatedClient
from fairquota_client.api.exports import export_quotas
from fairquota_client.api.inputs import put_inputs
from fairquota_client.api.plans import create_plan, list_plans
from fairquota_client.api.versions import (
    approve_version,
    list_quotas,
    publish_version,
    solve_version,
    submit_version,
)
from fairquota_client.api.webhooks import create_webhook, delete_webhook
from fairquota_client.models import (
    InputsBody,
    InputsStored,
    ListedQuotaOut,
    ListedQuotaPage,
    NewWebhookOut,
    Period,
    PlanIn,
    PlanOut,
    PlanPage,
    Problem,
    PublishedVersionOut,
    RepRow,
    SolvedOut,
    UnitRow,
    VersionDetailOut,
    VersionIn,
    WebhookIn,
)
from fairquota_client.types import UNSET, Response, Unset

YEAR = Period(start=date(2027, 1, 1), end=date(2027, 12, 31))
TARGET = 550_000
INPUTS = InputsBody(
    target=TARGET,
    units=[UnitRow(id="west"), UnitRow(id="east")],
    reps=[
        RepRow(id=rep, unit=unit, baseline=100_000, reach=100_000, max_=140_000)
        for rep, unit in (
            ("ann", "west"), ("bob", "west"), ("cyd", "west"), ("dan", "east"), ("eve", "east")
        )
    ],
)  # fmt: skip


def main(address: str, key: str) -> None:
    api = AuthenticatedClient(base_url=address, token=key, raise_on_unexpected_status=True)
    with api as client:
        plan = a_plan_is_made_once(client)
        faults_are_told_as_objects(client, plan.id)
        version = a_version_is_solved(client, plan.id)
        quotas = list(all_quotas(client, plan.id, version.number))
        assert sum(own.quota for own in quotas) == TARGET
        it_is_published_as_read(client, plan.id, version.number)
        lines = of(str, export_quotas.sync_detailed("hr-csv", client=client, plan=plan.id))
        assert {own.rep for own in quotas} <= set(lines.replace("\n", ",").split(","))
        a_webhook_comes_and_goes(client)
        plans = of(PlanPage, asyncio.run(list_plans.asyncio_detailed(client=client)))
        assert [own.name for own in plans.items] == ["FY27"]
    print(f"A season of {plan.name}: {len(quotas)} quotas, published and exported.")


def of[Kind, Told](kind: type[Kind], answer: Response[Told]) -> Kind:
    """What was answered, of the things that the call may answer."""
    assert isinstance(answer.parsed, kind), answer
    return answer.parsed


def etag_of[Told](answer: Response[Told]) -> str:
    return str(answer.headers["ETag"])


def a_plan_is_made_once(client: AuthenticatedClient) -> PlanOut:
    """However often the request is sent."""
    asked = PlanIn(name="FY27", currency="USD", period=YEAR)
    first, again = (
        create_plan.sync_detailed(client=client, body=asked, idempotency_key="the plan of FY27")
        for _ in range(2)
    )
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert of(PlanOut, again) == of(PlanOut, first)
    return of(PlanOut, again)


def faults_are_told_as_objects(client: AuthenticatedClient, plan: str) -> None:
    wrong = InputsBody(target=TARGET, reps=[RepRow(id="ann", unit="south", baseline=-1)])
    problem = of(Problem, put_inputs.sync_detailed(plan, client=client, body=wrong))
    assert (problem.status, problem.type_) == (422, "/problems/invalid-input")
    assert problem.errors
    assert {fault.pointer for fault in problem.errors} == {"/reps/0/baseline", "/reps/0/unit"}


def a_version_is_solved(client: AuthenticatedClient, plan: str) -> SolvedOut:
    stored = of(InputsStored, put_inputs.sync_detailed(plan, client=client, body=INPUTS))
    solved = solve_version.sync_detailed(plan, client=client, body=VersionIn(note="as asked"))
    version = of(SolvedOut, solved)
    assert version.inputs_hash == stored.hash_
    return version


def all_quotas(client: AuthenticatedClient, plan: str, version: int) -> Iterator[ListedQuotaOut]:
    """Page by page."""
    cursor: str | Unset | None = UNSET
    while cursor is not None:
        page = of(
            ListedQuotaPage,
            list_quotas.sync_detailed(plan, version, client=client, limit=2, cursor=cursor),
        )
        yield from page.items
        cursor = page.next_cursor


def it_is_published_as_read(client: AuthenticatedClient, plan: str, version: int) -> None:
    """And not, where somebody has changed it since."""
    submitted = submit_version.sync_detailed(plan, version, client=client, if_match="*")
    of(VersionDetailOut, submitted)
    approved = approve_version.sync_detailed(
        plan, version, client=client, if_match=etag_of(submitted)
    )
    of(VersionDetailOut, approved)
    stale, fresh = (
        publish_version.sync_detailed(plan, version, client=client, if_match=etag_of(read))
        for read in (submitted, approved)
    )
    assert of(Problem, stale).type_ == "/problems/precondition-failed"
    assert of(PublishedVersionOut, fresh).published_by


def a_webhook_comes_and_goes(client: AuthenticatedClient) -> None:
    asked = WebhookIn(url="https://receiver.invalid/quotas", events=["*"])
    made = of(NewWebhookOut, create_webhook.sync_detailed(client=client, body=asked))
    assert made.secret.startswith("whsec_")
    gone = delete_webhook.sync_detailed(made.id, client=client)
    assert (gone.status_code, gone.parsed) == (204, None)


if __name__ == "__main__":
    main(sys.argv[1], os.environ["FAIRQUOTA_KEY"])
