"""What the API says about plans made by hand."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NotRequired, Required, Self, TypedDict

from pydantic import BaseModel, Field, with_config

from service.allocations.imports.domain.beside import Apart, Beside, finding
from service.allocations.imports.usecases import Imported
from service.allocations.infeasible import in_words
from service.allocations.schemas import Amount
from service.kit.body import Note
from service.kit.examples import examples
from service.kit.money import MoneyOut, from_minor
from service.kit.values import STRICT_ROW, Key, Money
from service.plans.policy import PolicyBody
from service.plans.version_schemas import VersionDetailOut
from service.roster.file_schemas import FileNote, notes_of
from service.roster.files import FileFault

MOST_NAMED = 100


@with_config(STRICT_ROW)
class QuotaByHand(TypedDict):
    """What somebody is to carry."""

    rep: Required[Annotated[Key, Field(examples=["r1"])]]
    quota: Required[Annotated[Money, Field(examples=[291000])]]
    months: NotRequired[Annotated[dict[str, Money] | None, Field(examples=[{"2027-01": 291000}])]]
    """By month; they add up to the quota. Left out, the quota goes to the months in proportion to
    what the even plan has in them."""


@with_config(STRICT_ROW)
class ImportOptions(TypedDict):
    """How a plan made by hand is to be taken."""

    policy: NotRequired[Annotated[PolicyBody | None, Field()]]
    """What the even plan beside it is solved under; `on_infeasible` is `gap` where left out."""
    missing: NotRequired[
        Annotated[Literal["as_solved", "zero"] | None, Field(examples=["as_solved"])]
    ]
    """What reps carry who stand in no row. Left out, every rep needs a row."""
    base_version: NotRequired[Annotated[int, Field(strict=True, ge=1)] | None]
    """The parent; left out: the newest version."""
    note: NotRequired[Annotated[Note | None, Field(strict=True, examples=["the planner's own"])]]
    repair: NotRequired[Annotated[bool, Field(strict=True)]]
    """Whether a second draft is made that keeps every limit and sum, with the smallest change."""


@examples(
    {
        "The planner's own spreadsheet": {
            "quotas": [
                {"rep": "r1", "quota": 310000},
                {"rep": "r2", "quota": 300000},
                {"rep": "r3", "quota": 240000},
                {"rep": "r4", "quota": 230000},
            ],
            "note": "the planner's own",
        },
        "Some are planned by hand, and it is mended at once": {
            "quotas": [{"rep": "r1", "quota": 360000}],
            "missing": "as_solved",
            "repair": True,
        },
    }
)
@with_config(STRICT_ROW)
class ImportIn(ImportOptions):
    """A plan made by hand."""

    quotas: Required[Annotated[list[QuotaByHand], Field(min_length=1)]]


@examples({"With a note": {"note": "West within its 600,000 again"}})
class RepairIn(BaseModel):
    """What is written on the repaired version."""

    model_config = {"extra": "forbid"}

    note: Annotated[Note | None, Field(strict=True)] = None


class Finding(BaseModel):
    """A limit of the policy or the inputs that the plan by hand does not keep."""

    rule: str = Field(examples=["rep:r1:cap"])
    rep: str | None = Field(default=None, examples=["r1"])
    unit: str | None = Field(default=None, examples=[None])
    limit: Amount
    carried: Amount
    detail: str = Field(
        examples=["rep:r1:cap is 105,000, and the plan has 120,000: more than it may."]
    )


class ApartOut(BaseModel):
    """Reps on one side of the even plan."""

    reps: int = Field(examples=[2])
    amount: MoneyOut = Field(description="All their differences together", examples=[-12000])

    @classmethod
    def of(cls, apart: Apart, digits: int) -> Self:
        return cls(reps=apart.reps, amount=from_minor(apart.amount, digits))


class BesideUnit(BaseModel):
    """The sum of a unit in the even plan and by hand."""

    id: str = Field(examples=["west"])
    solved: MoneyOut
    imported: MoneyOut
    change: MoneyOut


class BesideRep(BaseModel):
    """A quota in the even plan and by hand."""

    rep: str = Field(examples=["r1"])
    unit: str | None = Field(examples=["west"])
    solved: MoneyOut
    imported: MoneyOut
    change: MoneyOut


class BesideOut(BaseModel):
    """The plan by hand beside the even plan of the same inputs and policy.

    Every quota of the version tells in `explanation` what of it is `import`.
    """

    solved: MoneyOut = Field(description="What the even plan assigns")
    imported: MoneyOut
    above: ApartOut
    below: ApartOut
    same: int = Field(description="Reps with the very same quota", examples=[1])
    units: list[BesideUnit] = Field(description="Units with another sum, parents first")
    largest: list[BesideRep] = Field(description="The twenty who are farthest from the even plan")

    @classmethod
    def of(cls, beside: Beside, digits: int) -> Self:
        return cls(
            solved=from_minor(beside.solved, digits),
            imported=from_minor(beside.imported, digits),
            above=ApartOut.of(beside.above, digits),
            below=ApartOut.of(beside.below, digits),
            same=beside.same,
            units=[BesideUnit(**_changed(row, digits)) for row in beside.units],
            largest=[BesideRep(**_changed(row, digits)) for row in beside.largest],
        )


class ImportOut(BaseModel):
    """How the plan by hand was taken, and what was found."""

    reference: str = Field(
        description="Names the import in the version's ledger, and in reasons of a diff",
        examples=["imp_01kaz3q8f2m7x0c5d6e7f8g9ha"],
    )
    rows: int = Field(description="Reps whose quotas it says", examples=[4])
    missing: list[str] = Field(description="Reps in no row, the first hundred", examples=[[]])
    read_otherwise: list[FileNote] = Field(
        description="What of a file was read in another way than it stands", examples=[[]]
    )
    findings: list[Finding] = Field(
        description="Limits and sums that it does not keep, the first hundred", examples=[[]]
    )
    more_findings: int = Field(examples=[0])
    beside: BesideOut
    repaired: VersionDetailOut | None = Field(
        description="With `repair`, where anything was broken: the draft that keeps everything, "
        "with the smallest change"
    )


class ImportedVersionOut(VersionDetailOut):
    """The new version, and what is to be said of the plan that it was made of."""

    imported: ImportOut


def import_out(
    found: Imported, read_otherwise: Sequence[FileFault], repaired: VersionDetailOut | None
) -> ImportOut:
    return ImportOut(
        reference=found.reference,
        rows=len(found.by_hand.wanted),
        missing=list(found.by_hand.missing[:MOST_NAMED]),
        read_otherwise=notes_of(read_otherwise),
        findings=[_finding(row, found.digits) for row in found.beyond[:MOST_NAMED]],
        more_findings=max(0, len(found.beyond) - MOST_NAMED),
        beside=BesideOut.of(found.beside, found.digits),
        repaired=repaired,
    )


def _finding(row: Mapping[str, Any], digits: int) -> Finding:
    limit, carried = (in_words(round(row[name]), digits) for name in ("limit", "carried"))
    return Finding(
        rule=row["rule"],
        rep=row.get("rep"),
        unit=row.get("unit"),
        limit=from_minor(row["limit"], digits),
        carried=from_minor(round(row["carried"]), digits),
        detail=finding(row, carried, limit),
    )


def _changed(row: Mapping[str, Any], digits: int) -> dict[str, Any]:
    amounts = {name: from_minor(row[name], digits) for name in ("solved", "imported")}
    return {**row, **amounts, "change": from_minor(row["imported"] - row["solved"], digits)}
