"""`fairquota fairness`: what it reads, what it prints where, and how it ends."""

import json
from pathlib import Path

import pytest

from tests.service.typed import run

REPS = [f"r{number:02d}" for number in range(20)]


pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.fixture
def plan() -> Path:
    """Twenty reps of 1,000 expected sales each, with sigma; the first ten are held at +2 %, so that
    the others carry 18 % more.
    """
    folder = Path("company")
    folder.mkdir()
    rows = [
        f"{rep},{rep.title()},1000,100,0.25,20{10 + place % 10}-01-01,{1020 if place < 10 else ''}"
        for place, rep in enumerate(REPS)
    ]
    header = "rep_id,name,baseline,reach,sigma,hired,max"
    (folder / "reps.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    months = [
        f"{rep},2026-{month:02d},{50 + 5 * place}"
        for place, rep in enumerate(REPS)
        for month in range(1, 13)
    ]
    text = "\n".join(["rep_id,period,actual", *months]) + "\n"
    (folder / "history.csv").write_text(text, encoding="utf-8")
    period = ("--period", "2027-01-01..2027-12-31")
    solved = run("allocate", folder, "--target", 22_000, *period, "--out", "plan.json")
    assert solved.exit_code == 0, solved.output
    return Path("plan.json")


def cohorts(groups: list[str], header: str = "rep_id,name,sex,born") -> Path:
    people = enumerate(zip(REPS, groups, strict=True))
    rows = [f"{rep},N,{sex},{1960 + place}" for place, (rep, sex) in people]
    file = Path("attributes.csv")
    file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return file


def table(printed: str) -> list[dict[str, str]]:
    header, *rows = (line.split("\t") for line in printed.splitlines())
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_says_for_whom_it_is_harder(plan: Path) -> None:
    told = run("fairness", plan, "--data", "company")

    assert told.exit_code == 0, told.output
    size, potential, tenure = table(told.stdout)
    assert (size["against"], size["n"], size["shown"]) == ("size", "20", "yes")
    assert float(size["effect"]) > 0.8
    assert potential["reason"] == "unknown"
    assert tenure["shown"] == "no"
    assert "The more sales before the period, the more effort" in told.stderr
    assert "What is not shown may still be there." in told.stderr


def test_a_version_s_certificate_says_the_same(plan: Path) -> None:
    """It is the proof alone, as `GET …/certificate` hands it out."""
    proof = json.loads(plan.read_text(encoding="utf-8"))["proof"]
    Path("certificate.json").write_text(json.dumps(proof), encoding="utf-8")

    from_version = run("fairness", "certificate.json", "--data", "company")

    assert from_version.exit_code == 0, from_version.output
    assert from_version.stdout == run("fairness", plan, "--data", "company").stdout


def test_without_its_folder_only_the_plan_itself_is_measured(plan: Path) -> None:
    size, _, tenure = table(run("fairness", plan).stdout)

    assert size["reason"] == "all_alike"  # everybody expects 1,000
    assert tenure["reason"] == "unknown"


def test_sales_of_the_period_by_month_add_up(plan: Path) -> None:
    """Everybody sells 1,020 in the period; what was sold before and after it does not count."""
    rows = [f"{rep},2027-{month:02d},85" for rep in REPS for month in range(1, 13)]
    rows += [f"{rep},2026-12,5000" for rep in REPS] + [f"{rep},2028-01,5000" for rep in REPS]
    Path("sold.csv").write_text("\n".join(["rep_id,period,actual", *rows]), encoding="utf-8")

    told = run("fairness", plan, "--data", "company", "--actuals", "sold.csv")

    assert told.exit_code == 0, told.output
    assert "Of 20 reps whose sales are known, attained the quota: 50.0%" in told.stderr
    assert {row["measure"] for row in table(told.stdout)} == {"stretch", "log_attainment"}


def test_groups_of_an_auditor_are_compared(plan: Path) -> None:
    told = run(
        "fairness", plan, "--cohorts", cohorts(["F"] * 10 + ["M"] * 10), "--band", "born=1970"
    )

    assert told.exit_code == 0, told.output
    rows = table(told.stdout)
    assert [(row["attribute"], row["group"], row["n"]) for row in rows] == [
        ("born", "1970 and over", "10"),
        ("born", "under 1970", "10"),
        ("sex", "F", "10"),
        ("sex", "M", "10"),
    ]
    assert "a difference is shown" in told.stderr


def test_four_fifths_stand_with_their_false_alarms(plan: Path) -> None:
    rows = [f"{rep},{1025 if place % 2 else 500}" for place, rep in enumerate(REPS)]
    Path("sold.csv").write_text("\n".join(["rep_id,actual", *rows]), encoding="utf-8")
    file = cohorts(["F"] * 10 + ["M"] * 10)

    told = run("fairness", plan, "--cohorts", file, "--actuals", "sold.csv")

    assert "sex, attainment: M attained 0.00 times as often as F (four-fifths rule: below" in (
        told.stderr
    )
    assert "of cases where nothing differs." in told.stderr


def test_a_small_group_is_not_shown_anywhere(plan: Path) -> None:
    file = cohorts(["F"] * 4 + ["M"] * 16)

    told = run("fairness", plan, "--cohorts", file, "--out", "report.json")

    assert told.exit_code == 0, told.output
    assert table(told.stdout) == []
    assert "sex, chance of attaining: fewer than two groups can be shown" in told.stderr
    written = json.loads(Path("report.json").read_text(encoding="utf-8"))
    assert [part["groups"] for part in written["audit"]["tables"]] == [[], []]


def test_people_outside_the_plan_are_noted(plan: Path) -> None:
    file = cohorts(["F"] * 10 + ["M"] * 10)
    file.write_text(file.read_text(encoding="utf-8") + "stranger,N,F,1970\n", encoding="utf-8")

    told = run("fairness", plan, "--cohorts", file)

    assert "note: 1 in attributes.csv have no quota in this plan and are left out." in told.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--actuals", "nowhere.csv"), "nowhere.csv: does not exist"),
        (("--cohorts", "company/history.csv", "--band", "x"), "--band x is not NAME=EDGES"),
        (("--cohorts", "company/reps.csv", "--band", "shoe=40"), "column shoe: has bands"),
        (("--band", "born=1970"), "there is none"),
        (("--out", "report.xlsx"), "ends in .json"),
        (("--data", "nowhere"), "does not exist"),
        (("--actuals", "company/reps.csv"), "column actual: is missing"),
        (("--actuals", "twice.csv"), "twice.csv:3, column rep_id: 'r00' stands twice"),
        (("--actuals", "twice.csv"), "twice.csv:4, column actual: 'much' must be a plain decimal"),
    ],
)
def test_what_cannot_be_read_is_said(plan: Path, arguments: tuple[str, ...], said: str) -> None:
    Path("twice.csv").write_text("rep_id,actual\nr00,1\nr00,2\nr01,much\n", encoding="utf-8")

    told = run("fairness", plan, *arguments)

    assert told.exit_code == 2, told.output
    assert said in told.stderr


def test_faults_of_attributes_tell_no_value(plan: Path) -> None:
    file = cohorts(["F"] * 20)
    secret = file.read_text(encoding="utf-8").replace("1965", "a secret")
    file.write_text(secret, encoding="utf-8")

    told = run("fairness", plan, "--cohorts", file, "--band", "born=1970")

    assert told.exit_code == 2
    assert "attributes.csv:7, column born: must be a plain decimal" in told.stderr
    assert "secret" not in told.output


def test_a_plan_that_does_not_hold_is_not_reported_on(plan: Path) -> None:
    document = json.loads(plan.read_text(encoding="utf-8"))
    document["proof"]["quotas"][0]["quota"] += 1
    plan.write_text(json.dumps(document), encoding="utf-8")

    told = run("fairness", plan)

    assert told.exit_code == 1
    assert "does not hold" in told.stderr


def test_what_is_no_plan_is_refused() -> None:
    Path("list.json").write_text("[]", encoding="utf-8")

    assert "is no proof of a plan" in run("fairness", "list.json").stderr
    assert "cannot be read" in run("fairness", "nowhere.json").stderr
