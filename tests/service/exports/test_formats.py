"""What every format keeps of a version, whatever it is: its sums, and nobody's formulas."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.exports.domain.erpnext import percentages
from service.exports.domain.formats import FORMATS
from service.exports.domain.published import Measure, Part, Published, Quota, SystemCannotHold
from service.kit.workbooks import FORMULA
from service.roster.domain import Person

MONTHS = [f"2027-{month:02}" for month in range(1, 13)]
FIRST, LAST = date(2027, 1, 1), date(2027, 12, 31)
DIGITS = {"JPY": 0, "USD": 2, "KWD": 3}

type Version = tuple[str, list[Quota]]


def the_months(currency: str = "USD") -> st.SearchStrategy[list[int]]:
    return st.lists(
        st.integers(0, 5 * 10**9 * 10 ** DIGITS[currency] // 100), min_size=12, max_size=12
    )


@st.composite
def quotas(draw: st.DrawFn, rep: str) -> Quota:
    """Somebody's quota in up to three parts: of any units, from any day of the period on."""
    parts = [
        Part(draw(st.sampled_from(["east", "west"])), first, last, draw(the_months()))
        for first, last in draw(st.lists(some_days(), min_size=1, max_size=3))
    ]
    whole = [sum(part.months[k] for part in parts) for k in range(12)]
    return Quota(rep, parts[-1].unit, whole, parts, vacant=draw(st.booleans()))


@st.composite
def some_days(draw: st.DrawFn) -> tuple[date, date]:
    ends = st.integers(0, (LAST - FIRST).days)
    first, last = sorted((draw(ends), draw(ends)))
    return FIRST + timedelta(first), FIRST + timedelta(last)


@st.composite
def versions(draw: st.DrawFn) -> Version:
    reps = draw(st.lists(st.text("=+-@\t9a销", min_size=1), min_size=1, max_size=4, unique=True))
    return draw(st.sampled_from([*DIGITS])), [draw(quotas(rep)) for rep in reps]


def published(version: Version, since: date = FIRST) -> Published:
    currency, own = version
    return Published(
        plan_id="plan_1",
        plan="=FY27",
        version=3,
        hash="sha256:0",
        first=FIRST,
        last=LAST,
        since=since,
        until=None,
        months=MONTHS,
        measures=[Measure("revenue", DIGITS[currency], currency, None, own)],
        people={quota.rep: Person(f"={quota.rep}", {"email": "@evil"}) for quota in own},
    )


def written(name: str, version: Version, since: date = FIRST) -> bytes:
    stream = io.BytesIO()
    FORMATS[name].write_to(stream, published(version, since), None)
    return stream.getvalue()


def table(raw: bytes) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO(raw.decode(), newline=""))]


def of_months(column: str) -> Callable[[bytes], Iterator[Decimal]]:
    return lambda raw: (Decimal(row[column]) for row in table(raw))


def of_slices(raw: bytes) -> Iterator[Decimal]:
    for line in raw.splitlines():
        for one in orjson.loads(line)["inputs"]:
            yield Decimal(one["properties"]["hs_target_amount"])


def of_targets(raw: bytes) -> Iterator[Decimal]:
    for document in map(orjson.loads, raw.splitlines()):
        if document["doctype"] == "Target Detail":
            yield Decimal(repr(document["target_amount"]))


AMOUNTS: dict[str, Callable[[bytes], Iterator[Decimal]]] = {
    "hr-csv": of_months("amount"),
    "oracle-ic": of_months("Goal (Quota)"),
    "varicent": of_months("Value"),
    "salesforce": of_months("QuotaAmount"),
    "hubspot": of_slices,
    "erpnext": of_targets,
}


@settings(max_examples=20)
@given(versions())
def test_every_format_adds_up_to_the_version_to_the_minor_unit(version: Version) -> None:
    currency, own = version
    whole = Decimal(sum(sum(quota.months) for quota in own)).scaleb(-DIGITS[currency])

    sums = {name: sum(read(written(name, version))) for name, read in AMOUNTS.items()}

    assert sums == dict.fromkeys(FORMATS, whole)


@settings(max_examples=20)
@given(versions())
def test_every_month_adds_up_where_there_are_rows_of_days(version: Version) -> None:
    currency, own = version
    for name, month, amount in [
        ("hr-csv", "period", "amount"),
        ("oracle-ic", "Start Date", "Goal (Quota)"),
    ]:
        found = dict.fromkeys(MONTHS, Decimal(0))
        for row in table(written(name, version)):
            found[row[month][:7].replace("/", "-")] += Decimal(row[amount])

        wanted = [Decimal(sum(quota.months[k] for quota in own)) for k in range(12)]
        assert [*found.values()] == [each.scaleb(-DIGITS[currency]) for each in wanted]


@settings(max_examples=20)
@given(versions())
def test_no_cell_of_a_table_runs_as_a_formula(version: Version) -> None:
    for name in ("hr-csv", "oracle-ic", "varicent", "salesforce"):
        text = written(name, version).decode()
        cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]

        assert [cell for cell in cells if cell.startswith(FORMULA)] == []


@settings(max_examples=20)
@given(versions(), st.integers(1, 12))
def test_a_row_has_days_where_its_version_is_in_force(version: Version, month: int) -> None:
    since = date(2027, month, 1)

    for row in table(written("hr-csv", version, since)):
        if row["period"] < f"{since:%Y-%m}":
            assert (row["effective_from"], row["effective_to"]) == ("", "")
        else:
            assert row["period"] == row["effective_from"][:7] == row["effective_to"][:7]
            assert row["effective_from"] <= row["effective_to"]


@given(the_months())
def test_a_distribution_gives_each_month_back_and_is_a_hundred_percent(months: list[int]) -> None:
    if not (total := sum(months)):
        return
    shares = [Decimal(part).scaleb(-9) for part in percentages(months)]

    assert sum(shares) == 100
    if total < 5 * 10**10:
        assert [round(total * share / 100) for share in shares] == months


def test_equal_shapes_share_a_distribution_and_nothing_has_none() -> None:
    def alike(rep: str, amount: int) -> Quota:
        months = [amount] * 12
        return Quota(rep, "west", months, [Part("west", FIRST, LAST, months)])

    raw = written("erpnext", ("USD", [alike("ann", 100), alike("bob", 300), alike("cyd", 0)]))

    documents: Sequence[Any] = [orjson.loads(line) for line in raw.splitlines()]
    [distribution, ann, bob, cyd] = documents
    assert distribution["doctype"] == "Monthly Distribution"
    assert ann["distribution_id"] == bob["distribution_id"] == distribution["distribution_id"]
    assert (cyd["target_amount"], cyd["distribution_id"]) == (0, None)


def test_a_goal_has_twelve_slices_with_two_ids_that_outlive_versions() -> None:
    """So a family is found again, and is changed as a whole."""
    months = [100] * 12
    everybody = [
        Quota(rep, "west", months, [Part("west", FIRST, LAST, months)]) for rep in ("ann", "bob")
    ]

    def families(number: int) -> list[tuple[str, str, str]]:
        stream = io.BytesIO()
        version = replace(published(("USD", everybody)), version=number, hash=f"sha256:{number}")
        FORMATS["hubspot"].write_to(stream, version, None)
        slices = [one["properties"] for one in orjson.loads(stream.getvalue())["inputs"]]
        names = "hubspot_owner_id", "hs_group_correlation_uuid", "hs_goal_target_group_id"
        return [(one[names[0]], one[names[1]], one[names[2]]) for one in slices]

    assert Counter(families(3)) == Counter(families(2))
    assert [*Counter(families(3)).values()] == [12, 12]
    assert len({one for family in families(3) for one in family[1:]}) == 4


def test_no_two_families_share_an_id_however_measures_and_people_are_called() -> None:
    months = [100] * 12
    shared = set()
    for measure, rep in (("a", "b:c"), ("a:b", "c")):
        quota = Quota(rep, None, months, [Part(None, FIRST, LAST, months)])
        stream = io.BytesIO()
        version = replace(
            published(("USD", [])), measures=[Measure(measure, 2, "USD", None, [quota])]
        )
        FORMATS["hubspot"].write_to(stream, version, None)
        [own, *_] = orjson.loads(stream.getvalue())["inputs"]
        shared.add(own["properties"]["hs_group_correlation_uuid"])

    assert len(shared) == 2


def test_two_people_whom_oracle_would_take_for_one_are_refused() -> None:
    """It knows them by name and e-mail address: what one carries would replace the other's."""
    months = [100] * 12
    both = [
        Quota(rep, unit, months, [Part(unit, FIRST, LAST, months)])
        for rep, unit in (("r1", "east"), ("r2", "west"))
    ]

    def write(**people: Person) -> None:
        version = replace(published(("USD", both)), people=people)
        FORMATS["oracle-ic"].write_to(io.BytesIO(), version, None)

    with pytest.raises(SystemCannotHold, match="r1 and r2"):
        write(r1=Person("Ann Lee"), r2=Person("Ann Lee"))
    with pytest.raises(SystemCannotHold, match="r1 and r2"):
        write(r1=Person("r2"))
    write(r1=Person("Ann Lee", {"email": "a@acme.com"}), r2=Person("Ann Lee"))
