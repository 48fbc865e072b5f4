"""A body is read quickly, or refused with all that is wrong with it; nothing in it is a 500."""

import json
import time
from typing import Any, NotRequired, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import CoreSchema, core_schema

from service.kit.body import InputModel, JsonReader, Number
from service.kit.errors import InvalidInput, MalformedBody
from service.kit.money import MoneyIn


class Seat(InputModel):
    id: str
    size: Number = 0.0
    limit: MoneyIn | None = None
    attributes: dict[str, Any] = Field(default_factory=dict)


class Room(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    seats: list[Seat]


class Row(TypedDict):
    id: str
    attributes: NotRequired[dict[str, Any]]


class Rooms(TypedDict):
    name: str
    seats: list[Row]


reader = JsonReader(Room)


def faults_of(raw: bytes | str) -> list[dict[str, Any]]:
    with pytest.raises(InvalidInput) as refusal:
        reader.parse(raw.encode() if isinstance(raw, str) else raw)
    found: Any = refusal.value.context["errors"]
    json.dumps(found, allow_nan=False)
    return list(found)


def refusal_of(raw: bytes) -> MalformedBody:
    with pytest.raises(MalformedBody) as refusal:
        reader.parse(raw)
    return refusal.value


def seats(*rows: str) -> str:
    return f'{{"name": "a", "seats": [{", ".join(rows)}]}}'


def test_a_good_body_becomes_its_model() -> None:
    room = reader.parse(seats('{"id": "s1", "size": 2, "limit": "10.50"}').encode())

    assert room == Room(name="a", seats=[Seat(id="s1", size=2.0, limit="10.50")])


def test_a_shape_is_looked_at_once_and_not_before_a_body_comes() -> None:
    looks: list[type] = []

    class Counted:
        @classmethod
        def __get_pydantic_core_schema__(cls, source: type, _: object) -> CoreSchema:
            looks.append(source)
            return core_schema.int_schema()

    counting: JsonReader[Any] = JsonReader(Counted)
    assert looks == []

    assert [counting.parse(b"1"), counting.parse(b"2")] == [1, 2]
    assert looks == [Counted]


def test_a_byte_order_mark_is_no_fault() -> None:
    assert reader.parse(b"\xef\xbb\xbf" + seats().encode()).seats == []


def test_every_fault_is_named_with_its_place_and_value() -> None:
    body = '{"nam": 1, "seats": [{"id": "a"}, {"id": 7, "size": "x", "a/b": true}]}'

    assert faults_of(body) == [
        {"pointer": "/name", "detail": "is required"},
        {"pointer": "/seats/1/id", "detail": "must be a text", "value": 7},
        {"pointer": "/seats/1/size", "detail": "must be a number", "value": "x"},
        {"pointer": "/seats/1/a~1b", "detail": "is not a known field", "value": True},
        {"pointer": "/nam", "detail": "is not a known field", "value": 1},
    ]


@pytest.mark.parametrize(
    ("literal", "shown"), [("NaN", "NaN"), ("-Infinity", "-Infinity"), ("1e400", "Infinity")]
)
def test_a_number_that_is_none_is_refused_at_its_place(literal: str, shown: str) -> None:
    assert faults_of(seats(f'{{"id": "s", "size": {literal}}}')) == [
        {"pointer": "/seats/0/size", "detail": "must be a finite number", "value": shown}
    ]


@pytest.mark.parametrize("literal", ["NaN", "-Infinity", "1e400", "1.e999", "-1E+0400", "9" * 320])
def test_a_number_that_is_none_is_refused_in_free_fields_too(literal: str) -> None:
    raw = seats(f'{{"id": "NaN 1e999 Infinity",\n"attributes": {{"x": [1, {literal}]}}}}').encode()

    assert refusal_of(raw).context["line"] == 2


def test_texts_may_speak_of_infinity() -> None:
    room = reader.parse(seats('{"id": "NaN \\" 1e999", "attributes": {"e": "Infinity"}}').encode())

    assert room.seats[0].id == 'NaN " 1e999'


@pytest.mark.parametrize(
    ("raw", "detail"),
    [
        (b"", "The body is empty; send a JSON document."),
        (b"  \n", "The body is empty; send a JSON document."),
        (b'{"name": "a",\n "seats": [}', "line 2, column 12: expected value."),
        (b"[" * 100_000, "line 1, column 202: more than 200 levels of brackets."),
        (b'{"name": "\xff"}', "line 1, column 11: bytes that are not UTF-8."),
        (b'{"name": ' + b"9" * 10_000_000 + b"}", "a number with thousands of digits."),
        (b"x" * 10_000_000, "line 1, column 1: expected value."),
    ],
    ids=["empty", "blank", "broken", "brackets", "latin", "digits", "nonsense"],
)
def test_what_is_no_json_is_refused_with_line_and_column(raw: bytes, detail: str) -> None:
    assert refusal_of(raw).detail.endswith(detail)


@pytest.mark.parametrize("raw", [b"[]", b"3", b"null", b'"text"'])
def test_a_body_of_another_kind_is_refused_as_a_whole(raw: bytes) -> None:
    assert [fault["pointer"] for fault in faults_of(raw)] == [""]


def test_faults_far_down_a_long_list_have_their_own_row_number() -> None:
    rows = ['{"id": "s"}'] * 2_500
    rows[10] = rows[2_400] = "{}"

    assert [fault["pointer"] for fault in faults_of(seats(*rows))] == [
        "/seats/10/id",
        "/seats/2400/id",
    ]


def test_a_short_list_beside_a_long_one_keeps_its_row_numbers() -> None:
    tables = JsonReader(dict[str, list[Seat]])
    body = {"short": [{"id": 1}], "long": [{"id": "s"}] * 2_500 + [{}]}

    with pytest.raises(InvalidInput) as refusal:
        tables.parse(json.dumps(body).encode())

    assert [fault.pointer for fault in refusal.value.faults] == ["/short/0/id", "/long/2500/id"]


def test_a_body_that_is_one_long_list_has_row_numbers_too() -> None:
    with pytest.raises(InvalidInput) as refusal:
        JsonReader(list[Seat]).parse(json.dumps([{"id": "s"}] * 1_500 + [{}]).encode())

    assert [fault.pointer for fault in refusal.value.faults] == ["/1500/id"]


def test_a_hundred_faults_are_shown_and_the_others_counted() -> None:
    with pytest.raises(InvalidInput) as refusal:
        reader.parse(seats(*["{}"] * 250).encode())

    shown: Any = refusal.value.context["errors"]
    assert (len(shown), refusal.value.context["more"]) == (100, 150)


def test_a_long_value_is_not_echoed() -> None:
    (fault,) = faults_of(seats(f'{{"id": "s", "size": "{"x" * 10_000}"}}'))

    assert len(fault["value"]) == 81


def test_a_million_faulty_rows_are_refused_soon() -> None:
    raw = seats(",".join(["{}"] * 1_000_000)).encode()
    started = time.process_time()

    assert len(faults_of(raw)) == 100
    assert time.process_time() - started < 5  # 0.4 s when written; without care 8 s and 1 GB


def test_a_field_with_a_name_of_megabytes_is_not_echoed() -> None:
    _, fault = faults_of(json.dumps({"name": "a", "x" * 10_000_000: 1}))

    assert len(fault["pointer"]) == 501


def test_half_a_million_unknown_fields_are_refused_soon() -> None:
    unknown = ", ".join(f'"k{number}": 1' for number in range(500_000))
    started = time.process_time()

    faults = faults_of(f'{{{unknown}, "name": 5, "seats": []}}')

    assert time.process_time() - started < 5  # 0.5 s when written; without care 12 s
    assert len(faults) == 100
    assert faults[0] == {"pointer": "/name", "detail": "must be a text", "value": 5}


@pytest.mark.parametrize(
    "body",
    [
        '{"name": "a", "seats": [], "name": "b"}',
        '{"name": "a", "seats": [{"id": "s"}, {"id": "s", "id": "t"}]}',
        '{"name": ":a", "seats": [{"id": "s", "attributes": {"a\\"": {"x": 1, "x": 2}}}]}',
    ],
)
def test_one_name_twice_in_an_object_is_refused(body: str) -> None:
    for schema in (Room, Rooms):
        with pytest.raises(MalformedBody, match=r'stands twice: "(name|id|x)"'):
            JsonReader[Any](schema).parse(body.encode())


def test_colons_and_quotes_within_texts_are_no_names() -> None:
    raw = '{"name": ":", "seats": [{"id" : "\\":", "attributes" :\n{"":":"}}]}'

    assert JsonReader(Rooms).parse(raw.encode())["name"] == ":"


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        reader.parse(raw)
    except (MalformedBody, InvalidInput) as refusal:
        json.dumps(refusal.context, allow_nan=False)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["name", "seats", "id", "size", "x~/"]), inner)
    ),
    max_leaves=12,
)


@given(json_values)
def test_any_json_is_read_or_refused(value: object) -> None:
    try:
        reader.parse(json.dumps(value).encode())
    except (MalformedBody, InvalidInput) as refusal:
        json.dumps(refusal.context, allow_nan=False)
