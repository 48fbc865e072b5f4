"""A version as one document, and the check of it that needs neither database nor solver.

    {"format": …, "hash": "sha256:…", "manifest": {…}, "units": […], "quotas": […]}

Whoever holds the document can check
    hash      the manifest has the stated hash, and the rows are those that the manifest lists
    sums      target and over-assignment make the amount assigned; the quotas add up to it, and in
              every unit to the unit's own sum, which lies in its range; all in whole minor units
    bounds    every quota keeps floor and cap and is what rounding makes of the unrounded plan
    leximin   the unrounded plan is the leximin plan (`solver.certificate`)

The rows are written flat, units parents first and quotas unit by unit; the manifest says how many
make a chunk. Values count, not bytes: white space and the order of keys may change on the way.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Final, Literal, NotRequired, TypedDict

import numpy as np
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config

from service.allocations.versions.domain.canonical import canonical, digest
from service.allocations.versions.domain.content import Row, index_of
from solver.certificate import Certificate, check
from solver.problem import AMOUNT_LIMIT, COMPANY, UNLIMITED, padded
from solver.response import Response

PROOF_FORMAT: Final = "fairquota.proof/1"

_OPEN = ConfigDict(extra="allow", allow_inf_nan=False, strict=True)
_Amount = Annotated[int, Field(ge=0, le=AMOUNT_LIMIT)]
_Count = Annotated[int, Field(ge=1, le=AMOUNT_LIMIT)]


@with_config(_OPEN)
class ListedChunk(TypedDict):
    """How the manifest names a chunk."""

    chunk: str
    rows: _Count


@with_config(_OPEN)
class QuotasChunk(ListedChunk):
    unit: str | None


@with_config(_OPEN)
class IndexChunk(ListedChunk):
    first: str


@with_config(_OPEN)
class PolicyPart(TypedDict):
    over_assignment: float


@with_config(_OPEN)
class CommonPart(TypedDict):
    growth: float | None


@with_config(_OPEN)
class Manifest(TypedDict):
    """What is read of a manifest; it says more (see `describe.py`)."""

    format: Literal["fairquota.version/1"]
    parent: str | None
    base_version: int | None
    inputs: str
    policy: PolicyPart
    engine: str
    target: _Amount
    assigned: _Amount
    digits: Annotated[int, Field(ge=0, le=4)]
    increment: _Count
    level: float
    response: NotRequired[Response]
    """How quotas answer to levels (`solver.response`); linear where it is left out."""
    common: CommonPart
    units: list[ListedChunk]
    quotas: list[QuotasChunk]
    index: list[IndexChunk]


@with_config(_OPEN)
class UnitRow(TypedDict):
    """What is checked of a unit; `max` is None where nothing limits it."""

    id: str
    parent: str | None
    min: _Amount
    max: _Amount | None
    level: float
    quota: _Amount


@with_config(_OPEN)
class QuotaRow(TypedDict):
    """What is checked of a quota; `cap` is None where nothing limits it."""

    rep: str
    unit: str | None
    quota: _Amount
    floor: _Amount
    cap: _Amount | None
    anchor: float
    yardstick: Annotated[float, Field(gt=0)]
    unrounded: float


class ProofDocument(TypedDict):
    """The whole of a version, as one JSON document."""

    format: Literal["fairquota.proof/1"]
    hash: str
    manifest: dict[str, Any]
    units: list[Row]
    quotas: list[Row]


class UnreadableProof(ValueError):
    """The document is no proof of a version; the message says what is amiss."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was checked, whether it held, and in words where it did not."""

    hash: bool
    sums: bool
    bounds: bool
    leximin: bool
    faults: tuple[str, ...] = ()

    @property
    def valid(self) -> bool:
        return all(self.checks.values())

    @property
    def checks(self) -> dict[str, bool]:
        return {key: value for key, value in asdict(self).items() if key != "faults"}


_DOCUMENT = TypeAdapter(ProofDocument)
_MANIFEST = TypeAdapter(Manifest)
_UNITS = TypeAdapter(list[UnitRow])
_QUOTAS = TypeAdapter(list[QuotaRow])


def proof(manifest: Mapping[str, Any], units: Sequence[Row], quotas: Sequence[Row]) -> Row:
    """The document of a version whose manifest and rows are at hand."""
    return {
        "format": PROOF_FORMAT,
        "hash": digest(canonical(dict(manifest))),
        "manifest": dict(manifest),
        "units": list(units),
        "quotas": list(quotas),
    }


def examine(document: Any) -> Verdict:
    """Check a proof from its own numbers. Raises `UnreadableProof` for what is no proof at all."""
    try:
        proof = _DOCUMENT.validate_python(document)
        manifest = _MANIFEST.validate_python(proof["manifest"])
    except ValidationError as error:
        raise UnreadableProof(_first(error)) from None
    try:
        faults = [] if digest(canonical(proof["manifest"])) == proof["hash"] else [_FORGED]
        faults += _unlisted(manifest, proof["units"], proof["quotas"])
    except RecursionError:
        raise UnreadableProof("its values are nested too deeply") from None
    plan = examine_rows(manifest, proof["units"], proof["quotas"])
    return Verdict(not faults, plan.sums, plan.bounds, plan.leximin, (*faults, *plan.faults))


_FORGED: Final = "the manifest does not have the hash that the document states"


def _unlisted(manifest: Manifest, units: list[Row], quotas: list[Row]) -> list[str]:
    """What differs between the rows and the chunks that the manifest lists."""
    unit_chunks = list(_cut(units, manifest["units"]))
    quota_chunks = list(_cut(quotas, manifest["quotas"]))
    try:
        index = index_of(quota_chunks)
    except (KeyError, TypeError):
        return ["a quota row does not name its rep"]
    checks = (
        ("units", units, unit_chunks, manifest["units"]),
        ("quotas", quotas, quota_chunks, manifest["quotas"]),
        ("index", index, list(_cut(index, manifest["index"])), manifest["index"]),
    )
    faults = []
    for name, rows, chunks, listed in checks:
        if len(rows) != sum(chunk["rows"] for chunk in listed):
            faults.append(f"{name}: {len(rows)} rows, but the manifest lists another number")
        faults += [
            f"{name}: the rows of chunk {number + 1}{_of_unit(chunk)} have been changed"
            for number, (part, chunk) in enumerate(zip(chunks, listed, strict=True))
            if digest(canonical(part)) != chunk["chunk"]
        ]
    return faults


def _of_unit(chunk: Any) -> str:
    return f" (unit {chunk['unit']})" if chunk.get("unit") else ""


def _cut[T](rows: Sequence[T], listed: Sequence[ListedChunk]) -> Iterator[Sequence[T]]:
    start = 0
    for chunk in listed:
        yield rows[start : start + chunk["rows"]]
        start += chunk["rows"]


def read_manifest(value: Any) -> Manifest:
    """The manifest in a JSON value. Raises `UnreadableProof`."""
    try:
        return _MANIFEST.validate_python(value)
    except ValidationError as error:
        raise UnreadableProof(_first(error)) from None


def examine_rows(manifest: Manifest, units: Sequence[Row], quotas: Sequence[Row]) -> Verdict:
    """Check the numbers of a plan; `hash` is not looked at and counts as held."""
    try:
        unit_rows, rows = _UNITS.validate_python(units), _QUOTAS.validate_python(quotas)
        certificate = _certificate(manifest, unit_rows, rows)
    except ValidationError as error:
        return Verdict(True, False, False, False, (_first(error),))
    except UnreadableProof as reason:
        return Verdict(True, False, False, False, (str(reason),))
    found = check(certificate)
    own_sums = _stated_sums(manifest, certificate, unit_rows)
    said = {
        "the quotas do not add up to the company's and every unit's sum": found.sums and own_sums,
        "a quota lies beyond its floor or cap, or is not what the unrounded plan rounds to": (
            found.bounds
        ),
        "the unrounded plan is not the leximin plan of these limits": found.leximin,
    }
    return Verdict(
        hash=True,
        sums=found.sums and own_sums,
        bounds=found.bounds,
        leximin=found.leximin,
        faults=tuple(sentence for sentence, held in said.items() if not held),
    )


def _certificate(manifest: Manifest, units: list[UnitRow], rows: list[QuotaRow]) -> Certificate:
    place: dict[str | None, int] = {None: COMPANY}
    parent = []
    for number, unit in enumerate(units):
        if unit["parent"] not in place or unit["id"] in place:
            raise UnreadableProof(f"unit {unit['id']} stands twice or before its parent")
        parent.append(place[unit["parent"]])
        place[unit["id"]] = number
    lost = next((row["rep"] for row in rows if row["unit"] not in place), None)
    if lost is not None:
        raise UnreadableProof(f"the unit of rep {lost} is missing")
    if len({row["rep"] for row in rows}) < len(rows):
        raise UnreadableProof("a rep has two quotas")

    def ints(values: Iterator[int | None]) -> Any:
        return np.array([UNLIMITED if v is None else v for v in values], dtype=np.int64)

    def floats(values: Iterator[float]) -> Any:
        return np.array(list(values), dtype=np.float64)

    return Certificate(
        total=manifest["assigned"],
        increment=manifest["increment"],
        company_level=manifest["level"],
        parent=np.array(parent, dtype=np.int64),
        unit_min=ints(unit["min"] for unit in units),
        unit_max=ints(unit["max"] for unit in units),
        unit_level=floats(unit["level"] for unit in units),
        unit=np.array([place[row["unit"]] for row in rows], dtype=np.int64),
        floor=ints(row["floor"] for row in rows),
        cap=ints(row["cap"] for row in rows),
        anchor=floats(row["anchor"] for row in rows),
        yardstick=floats(row["yardstick"] for row in rows),
        unrounded=floats(row["unrounded"] for row in rows),
        quota=ints(row["quota"] for row in rows),
        response=manifest.get("response", "linear"),
    )


def _stated_sums(manifest: Manifest, plan: Certificate, units: list[UnitRow]) -> bool:
    """Whether the sums that are written down are the sums of the quotas."""
    amounts = plan.quota.tolist()  # Python's own integers: no forged row can make them wrap around
    sums = [0] * len(units)
    for unit, amount in zip(plan.unit.tolist(), amounts, strict=True):
        if unit != COMPANY:
            sums[unit] += amount
    for unit, above in reversed(list(enumerate(plan.parent.tolist()))):
        if above != COMPANY:
            sums[above] += sums[unit]
    over = manifest["policy"]["over_assignment"]
    return (
        sum(amounts) == manifest["assigned"]
        and [unit["quota"] for unit in units] == sums
        and abs(over) <= 1e6
        and padded(manifest["target"], over) == manifest["assigned"]
    )


def _first(error: ValidationError) -> str:
    """The first fault of a document in words, with its place."""
    fault = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in fault["loc"]) or "the document"
    return f"{place}: {fault['msg']}"
