"""Published quotas for other systems, over HTTP."""

from decimal import Decimal
from pathlib import Path
from urllib.parse import unquote

from fastapi import FastAPI
from starlette.testclient import TestClient

from service.exports.domain.formats import FORMATS, NDJSON
from service.kit.auth import Workspace
from service.kit.clock import utc_now
from service.kit.db import Database
from tests.service.allocations.plans import a_plan, a_version, publish
from tests.service.callers import Callers
from tests.service.exports.season import (
    a_season,
    documents_of,
    export,
    readable,
    rows_of,
    three_people_and_a_seat,
)
from tests.service.exports.test_formats import AMOUNTS
from tests.service.negotiations.happenings import EVENLY, given_today, happens

GOLDEN = Path(__file__).parent / "golden"


def golden(name: str) -> str:
    suffix = "ndjson" if FORMATS[name].media_type == NDJSON else "csv"
    return (GOLDEN / f"{name}.{suffix}").read_text(encoding="utf-8")


def test_a_season_is_told_to_every_system_as_its_golden_file_says(client: TestClient) -> None:
    """Cyd was adjusted, Ann is away from 17 May to the end of June, and nobody sits in seat-9."""
    plan = a_season(client)

    answers = {name: export(client, name, plan, version=3, leave_out="vacant") for name in FORMATS}

    assert {name: readable(answer) for name, answer in answers.items()} == {
        name: golden(name) for name in FORMATS
    }
    told = client.get(f"{plan}/versions/3").json()
    assert {answer.headers["version-hash"] for answer in answers.values()} == {told["hash"]}
    assert answers["hr-csv"].headers["content-disposition"].endswith("FY27-3.hr-csv.csv")
    whole = Decimal(repr(told["assigned"]))
    for name, answer in answers.items():
        left = answer.headers.get("left-out")
        assert left == ("1 vacant seat carries revenue 1320.00 USD" if FORMATS[name].people_only
                        else None)  # fmt: skip
        assert sum(AMOUNTS[name](answer.content)) == whole - (1320 if left else 0)


def test_what_a_system_has_no_place_for_is_refused_in_words(client: TestClient) -> None:
    plan = a_plan(client, three_people_and_a_seat())
    a_version(client, plan)
    publish(client, f"{plan}/versions/1")

    for name in ("oracle-ic", "salesforce", "hubspot", "erpnext"):
        answer = export(client, name, plan)

        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/system-cannot-hold")
        assert answer.json()["detail"] == (
            f"1 vacant seat carries revenue 1200.00 USD, and {name} has no place for seats without "
            "a person. With ?leave_out=vacant they are left out, and the header Left-Out says so."
        )


def test_sums_survive_hires_transfers_and_part_time(client: TestClient) -> None:
    inputs = three_people_and_a_seat(target=4801)
    plan = a_plan(client, inputs, currency="KWD", increment=0.001)
    a_version(client, plan, **EVENLY)
    publish(client, f"{plan}/versions/1").raise_for_status()
    hire = {"kind": "hire", "rep": {"id": "dee", "unit": "east"}, "takes_over": "seat-9"}
    happens(client, plan, "unfunded", **hire | {"from": "2027-04-15"})
    happens(client, plan, "siblings", kind="fte", rep="bob", share=0.5, **{"from": "2027-06-10"})
    move = {"kind": "transfer", "rep": "cyd", "to_unit": "west", "from": "2027-08-17"}
    happens(client, plan, None, **move)
    publish(client, f"{plan}/versions/4").raise_for_status()

    answers = {name: export(client, name, plan, leave_out="vacant") for name in FORMATS}

    whole = Decimal(repr(client.get(f"{plan}/versions/4").json()["assigned"]))
    seat = client.get(f"{plan}/versions/4/quotas/seat-9").json()["quota"]
    assert seat > 0
    for name, answer in answers.items():
        carried = whole - (Decimal(repr(seat)) if FORMATS[name].people_only else 0)
        assert sum(AMOUNTS[name](answer.content)) == carried, name
    august = [
        (row["Territory"], row["Start Date"], row["End Date"])
        for row in rows_of(answers["oracle-ic"])
        if row["Participant"] == "cyd" and row["Start Date"].startswith("2027/08")
    ]
    assert august == [
        ("east", "2027/08/01", "2027/08/16"),
        ("west", "2027/08/17", "2027/08/31"),
    ]
    dee = [row for row in rows_of(answers["hr-csv"]) if row["person"] == "dee"]
    assert [row["effective_from"] for row in dee][3] == "2027-04-15"
    assert {row["person"] for row in rows_of(answers["hr-csv"])} == {"", "ann", "bob", "cyd", "dee"}


def test_without_a_version_it_is_the_one_in_force(app: FastAPI, client: TestClient) -> None:
    plan = a_plan(client, three_people_and_a_seat())
    for body in ({}, {"effective": "2027-05-01"}):
        number = a_version(client, plan, **EVENLY)["number"]
        publish(client, f"{plan}/versions/{number}", **body).raise_for_status()

    for day, number in [
        ("2026-11-23", "1"),  # before the period: what it will begin with
        ("2027-04-30", "1"),
        ("2027-05-01", "2"),
        ("2028-02-01", "2"),
    ]:
        given_today(app, day)
        assert {row["version"] for row in rows_of(export(client, "hr-csv", plan))} == {number}
    replaced = rows_of(export(client, "hr-csv", plan, version=1))
    assert {row["period"] for row in replaced if not row["effective_from"]} == {
        f"2027-{month:02}" for month in range(5, 13)
    }


def test_measures_that_a_system_does_not_tell_apart_are_asked_for_one_by_one(
    client: TestClient,
) -> None:
    reps = [
        {"id": rep, "baseline": 100, "reach": 100, "potential": 10, "name": "A Name"}
        for rep in ("ann", "bob")
    ]
    targets = [{"amount": 300}, {"measure": "new_customers", "amount": 61}]
    plan = a_plan(client, {"reps": reps, "targets": targets})
    a_version(client, plan)
    publish(client, f"{plan}/versions/1").raise_for_status()

    refused = export(client, "salesforce", plan)
    counted = {"measure": "new_customers"}
    money = export(client, "salesforce", plan, measure="revenue", forecasting_type="0Db1")
    whole = {"measure": "new_customers", "forecasting_type": "0Db2"}
    things = rows_of(export(client, "salesforce", plan, **whole))
    goals = export(client, "hubspot", plan, **counted)
    targets_of = documents_of(export(client, "erpnext", plan, **counted, fiscal_year="FY27"))
    everything = rows_of(export(client, "varicent", plan))

    assert refused.status_code == 422
    assert refused.json()["detail"] == (
        "salesforce does not tell measures apart, and the version has revenue, new_customers: ask "
        "for one after the other by ?measure=."
    )
    assert {row["ForecastingTypeId"] for row in rows_of(money)} == {"0Db1"}
    assert sum(Decimal(row["QuotaQuantity"]) for row in things) == 61
    assert {(row["QuotaAmount"], row["CurrencyIsoCode"]) for row in things} == {("", "")}
    assert "new_customers counts things" in goals.json()["detail"]
    assert {own["fiscal_year"] for own in targets_of} == {"FY27"}
    assert sum(own.get("target_qty", 0) for own in targets_of) == 61
    assert {row["Quota component"] for row in everything} == {"revenue", "new_customers"}
    odd = export(client, "erpnext", plan, measure="volume")
    assert (odd.status_code, odd.json()["errors"][0]["parameter"]) == (422, "measure")
    foreign = export(client, "hr-csv", plan, fiscal_year="2027")
    assert foreign.json()["detail"] == "fiscal_year is not for hr-csv."


def test_names_stand_where_a_format_wants_them_until_they_are_erased(client: TestClient) -> None:
    plan = a_plan(client, three_people_and_a_seat())
    a_version(client, plan)
    publish(client, f"{plan}/versions/1").raise_for_status()

    def participants() -> set[tuple[str, str]]:
        rows = rows_of(export(client, "oracle-ic", plan, leave_out="vacant"))
        return {(row["Participant"], row["Email Address"]) for row in rows}

    named = participants()
    elsewhere = [
        export(client, name, plan, leave_out="vacant").text for name in FORMATS
        if name != "oracle-ic"
    ]  # fmt: skip
    assert client.delete("/v1/people/ann").status_code == 200

    assert named == {("Ann Lee", "ann@acme.com"), ("Bob Ray", ""), ("cyd", "")}
    assert [text for text in elsewhere if "Ann Lee" in text] == []
    assert participants() == {("ann", ""), ("Bob Ray", ""), ("cyd", "")}


def test_what_was_left_out_is_told_of_measures_with_any_name(client: TestClient) -> None:
    measures = [{"id": f"回款{k}", "kind": "additive", "counted_in": "笔\n"} for k in range(5)]
    targets = [{"amount": 4800}, *({"measure": own["id"], "amount": 40} for own in measures)]
    inputs = three_people_and_a_seat(target=None, targets=targets, measures=measures)
    for rep in inputs["reps"]:
        rep["potential"] = 10
    plan = a_plan(client, inputs)
    a_version(client, plan)
    publish(client, f"{plan}/versions/1").raise_for_status()

    answer = export(client, "oracle-ic", plan, leave_out="vacant")

    assert answer.status_code == 200, answer.text
    assert unquote(answer.headers["left-out"]) == (
        "1 vacant seat carries revenue 1200.00 USD, 回款0 10, 回款1 10, and of 3 more measures"
    )


def test_a_plan_of_other_months_is_no_goal_of_twelve_slices(client: TestClient) -> None:
    period = {"start": "2027-01-01", "end": "2028-03-31"}
    plan = a_plan(client, {"target": 10, "reps": [{"id": "ann", "baseline": 9, "reach": 1}]},
                  period=period)  # fmt: skip
    a_version(client, plan)
    publish(client, f"{plan}/versions/1").raise_for_status()

    assert "has 12 slices, and the plan has 15" in export(client, "hubspot", plan).json()["detail"]
    assert (
        "each month once, and the plan has 15" in export(client, "erpnext", plan).json()["detail"]
    )
    assert len(rows_of(export(client, "hr-csv", plan))) == 15


def test_only_what_is_published_is_exported_and_only_to_whom_it_is_for(
    callers: Callers, database: Database
) -> None:
    with database.sessions.begin() as session:
        session.add(Workspace(id="wsp_other", name="Somebody else", created_at=utc_now()))
    admin = callers("admin")
    plan = a_plan(admin, three_people_and_a_seat())
    a_version(admin, plan)

    nothing = export(admin, "hr-csv", plan)
    draft = export(admin, "hr-csv", plan, version=1)
    hidden = export(callers("hr"), "hr-csv", plan, version=1)
    publish(admin, f"{plan}/versions/1").raise_for_status()

    assert (nothing.status_code, nothing.json()["type"]) == (404, "/problems/nothing-to-export")
    assert (draft.status_code, draft.json()["type"]) == (409, "/problems/version-not-published")
    assert (hidden.status_code, hidden.json()["type"]) == (404, "/problems/version-not-found")
    assert export(callers("hr"), "hr-csv", plan, version=1).status_code == 200
    for role in ("manager", "rep"):
        caller = callers(role, unit="west", rep="ann")
        assert export(caller, "hr-csv", plan, version=1).status_code == 403
    stranger = export(callers("hr", workspace_id="wsp_other"), "hr-csv", plan)
    assert (stranger.status_code, stranger.json()["type"]) == (404, "/problems/plan-not-found")


def test_a_format_that_is_not_built_is_refused_by_name(client: TestClient) -> None:
    there = "there are hr-csv, oracle-ic, varicent, salesforce, hubspot, erpnext."
    for name, state in [("zoho", "is not built yet"), ("xactly", "is no format")]:
        answer = client.get(f"/v1/exports/{name}?plan=plan_1")

        assert answer.status_code == 404
        assert answer.json()["detail"] == f"{name} {state}: {there}"
