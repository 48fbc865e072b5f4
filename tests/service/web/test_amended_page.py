"""The pages of a version whose quotas were adjusted, in both languages."""

from __future__ import annotations

import re

from starlette.testclient import TestClient

from tests.service.allocations.amended import two_teams
from tests.service.allocations.plans import a_plan, a_version, publish
from tests.service.negotiations.happenings import EVENLY, happens, twelve_hundred_each
from tests.service.negotiations.requests import answer, ask


def test_an_adjusted_quota_is_told_with_its_decisions_and_its_lock(client: TestClient) -> None:
    plan = a_plan(client, two_teams())
    a_version(client, plan)
    etag = {"If-Match": client.get(f"{plan}/versions/1").headers["etag"]}
    row = {"rep": "ann", "quota": 100, "reason": "key account lost"}
    body = {"adjustments": [row], "funding": "siblings"}
    assert client.patch(f"{plan}/versions/1/quotas", json=body, headers=etag).status_code == 201

    page = plan.removeprefix("/v1")
    ann = client.get(f"{page}/reps/ann?version=2")
    bob = client.get(f"{page}/reps/bob?version=2", headers={"Accept-Language": "zh"})

    assert ann.status_code == bob.status_code == 200
    assert "Adjustment" in ann.text
    assert "locked" in ann.text
    assert "What was decided since the solve" in ann.text
    assert "key account lost" in ann.text
    assert "The same for everyone:" not in ann.text
    assert "求解后的各项决定" in bob.text
    assert "key account lost" not in bob.text
    assert "为他人承担" in bob.text
    assert "已锁定" not in bob.text
    assert client.get(f"{page}?version=2").status_code == 200


def test_only_who_was_not_changed_since_carries_the_common_effort(client: TestClient) -> None:
    plan = a_plan(client, two_teams())
    a_version(client, plan)
    etag = {"If-Match": client.get(f"{plan}/versions/1").headers["etag"]}
    row = {"rep": "ann", "quota": 100, "reason": "key account lost"}
    body = {"adjustments": [row], "funding": "siblings"}
    assert client.patch(f"{plan}/versions/1/quotas", json=body, headers=etag).status_code == 201

    page = plan.removeprefix("/v1")
    before, after = (client.get(f"{page}?version={number}").text for number in (1, 2))
    chinese = client.get(f"{page}?version=2", headers={"Accept-Language": "zh"}).text
    bob = client.get(f"{page}/reps/bob?version=2").text
    dan = client.get(f"{page}/reps/dan?version=2").text

    assert "no rule: common effort (5)" in before
    assert "changed since the solve" not in before
    assert "as it was solved" not in before
    assert "no rule: common effort (2)" in after
    assert "changed since the solve (3)" in after
    assert "evenness are those of the plan as it was solved" in after
    assert "求解后有改动 (3)" in chinese
    assert "it follows the common effort" not in bob
    assert "more for the company to assign" not in bob
    assert "it follows the common effort" in dan
    assert "more for the company to assign" in dan


def test_a_version_lists_what_happened_to_whom_and_sums_units_as_months_do(
    client: TestClient,
) -> None:
    plan = a_plan(client, twelve_hundred_each())
    a_version(client, plan, **EVENLY)
    publish(client, f"{plan}/versions/1")
    request = ask(client, plan, "d/d", 1140, note="lost to a competitor").headers["location"]
    answer(client, request, "accept", funding="siblings").raise_for_status()
    happens(client, plan, kind="transfer", rep="ann", to_unit="east", **{"from": "2027-07-01"})

    text = client.get(f"{plan.removeprefix('/v1')}?version=3").text

    rows = text.partition('id="decisions"')[2].partition("</table>")[0]
    assert rows.index("transfer from Jul 1, 2027 on") < rows.index("lost to a competitor")
    assert "Name of d/d" in rows
    assert "\u221260.00" in rows or "-$60.00" in rows or "−$60.00" in rows
    units = text.partition('id="quotas"')[2]
    assert "3,000" in units  # the east, with half of what ann carries
    assert "People who moved carry a part of their quota" in units


def test_sentences_after_a_new_company_target_say_which_target_they_tell_of(
    client: TestClient,
) -> None:
    inputs = twelve_hundred_each()
    inputs["reps"] = [row | {"sigma": 0.2} for row in inputs["reps"]]
    plan = a_plan(client, inputs)
    a_version(client, plan, policy={"season": "even", "over_assignment": 0.05})
    publish(client, f"{plan}/versions/1")
    happens(client, plan, kind="target", amount=5400, **{"from": "2027-01-01"})

    page = plan.removeprefix("/v1")
    solved, raised = (client.get(f"{page}?version={number}").text for number in (1, 2))
    chinese = client.get(f"{page}?version=2", headers={"Accept-Language": "zh"}).text

    assert "quotas of $5,040 for a target of $4,800, +5.0%" in solved
    assert "quotas of $5,670 for a target of $5,400, +5.0%" in raised
    assert "sales reach the target of $4,800" in solved
    assert "sales reach $4,800, the target of the solve" in raised
    assert "求解时目标" in chinese


def test_a_new_company_target_is_the_one_that_pages_show(client: TestClient) -> None:
    plan = a_plan(client, twelve_hundred_each())
    a_version(client, plan, **EVENLY)
    publish(client, f"{plan}/versions/1")
    happens(client, plan, kind="target", amount=5400, **{"from": "2027-07-01"})

    page = plan.removeprefix("/v1")
    solved, raised = (client.get(f"{page}?version={number}").text for number in (1, 2))
    chinese = client.get(f"{page}?version=2", headers={"Accept-Language": "zh"}).text
    ann = client.get(f"{page}/reps/ann?version=2").text

    assert "$4,800" in headline(solved)
    assert "since the solve" not in solved
    assert "$5,400" in headline(raised)
    assert (
        "raised since the solve, from $4,800 · new company target from Jul 1, 2027 on"
    ) in headline(raised)
    assert "exactly the target" in headline(raised)
    assert "求解后由" in headline(chinese)
    for text in (raised, ann):
        assert "what was decided since has changed months" in text
    publish(client, f"{plan}/versions/2")
    plans = client.get("/").text
    assert "$5,400" in plans
    assert "$4,800" not in plans


def test_a_draft_that_an_event_made_says_so_in_the_language_of_the_page(
    client: TestClient,
) -> None:
    plan = a_plan(client, twelve_hundred_each())
    a_version(client, plan, **EVENLY)
    publish(client, f"{plan}/versions/1")
    happens(client, plan, kind="transfer", rep="ann", to_unit="east", **{"from": "2027-07-01"})
    stored = client.get(f"{plan}/versions/2").json()["note"]
    assert stored.startswith("Transfer of ann from 2027-07-01 on")

    page = plan.removeprefix("/v1")
    english, chinese = (
        client.get(f"{page}?version=2", headers={"Accept-Language": code}).text
        for code in ("en", "zh")
    )

    for text, told in (
        (english, "Name of ann: transfer from Jul 1, 2027 on"),
        (chinese, "Name of ann：自2027年7月1日起调动"),
    ):
        assert f'<p class="quiet">{told}</p>' in text
        assert re.search(r"<option [^>]*>2 · [^<]*" + re.escape(told[:20]), text)
        assert "Transfer of ann" not in text


def test_a_draft_that_grants_a_request_says_so_in_the_language_of_the_page(
    client: TestClient,
) -> None:
    plan = a_plan(client, twelve_hundred_each())
    a_version(client, plan, **EVENLY)
    publish(client, f"{plan}/versions/1")
    for rep, proposed, since in (("d/d", 1140, {"effective": "2027-03-01"}), ("ann", 1150, {})):
        request = ask(client, plan, rep, proposed).headers["location"]
        answer(client, request, "accept", funding="siblings", **since).raise_for_status()

    granted = "Granted to Name of d/d: $1,140.00, changed from Mar on"
    assert tops(client, plan, 2) == (
        granted,
        "已批准Name of d/d的目标：US$1,140.00，自3月起变动",
    )
    assert tops(client, plan, 3) == (
        "Granted to Name of ann: $1,150.00",
        "已批准Name of ann的目标：US$1,150.00",
    )
    newest = client.get(f"{plan.removeprefix('/v1')}?version=3").text
    assert re.search(r"<option [^>]*>2 · [^<]*" + re.escape(granted[:25]), newest)


def test_a_draft_of_corrected_inputs_says_who_asked_for_it(client: TestClient) -> None:
    reps = [
        {"id": rep, "unit": "west", "baseline": 100, "reach": 100, "potential": 200}
        for rep in ("ann", "bob")
    ]
    inputs = {"target": 200, "units": [{"id": "west"}], "reps": reps}
    plan = a_plan(client, inputs)
    a_version(client, plan, policy={"fairness": "equal_potential_share"})
    publish(client, f"{plan}/versions/1")
    wrong = {"kind": "potential_error", "amount": 100, "reference": "census"}
    request = ask(client, plan, "ann", 50, evidence=[wrong]).headers["location"]
    right = {"correct": {"reps": [{"id": "ann", "potential": 100}]}}
    answer(client, request, "accept", **right).raise_for_status()

    assert tops(client, plan, 2) == (
        "Inputs corrected as ann asked",
        "已按ann的申请更正输入数据",
    )


def tops(client: TestClient, plan: str, number: int) -> tuple[str, str]:
    """What stands below the name of a plan, in English and Chinese."""
    page = f"{plan.removeprefix('/v1')}?version={number}"
    english, chinese = (
        client.get(page, headers={"Accept-Language": code}).text for code in ("en", "zh")
    )
    return told_at_top(english), told_at_top(chinese)


def told_at_top(page: str) -> str:
    return (
        page.partition('<p class="quiet">')[2].partition('<p class="quiet">')[2].partition("<")[0]
    )


def headline(page: str) -> str:
    return page.partition('<dl class="headline">')[2].partition("</dl>")[0]
