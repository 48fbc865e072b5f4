"""What a version says of its ledger: what was amended since it was solved, and what it keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, Field

from service.kit.money import MoneyOut, from_minor
from service.plans.sight import Sight


class AmendmentOut(BaseModel):
    """One decision, as far as one unit funds it."""

    reference: str = Field(examples=["adj_01kaz3q8f2m7x0c5d6e7f8g9ha"])
    kind: str = Field(
        description="adjustment, change_request, closed_months, event, import, repair or "
        "unit_solve",
        examples=["adjustment"],
    )
    funding: str | None = Field(
        description="Who carries the difference: siblings, parent, everyone, reserve or unfunded; "
        "null where the changes add up by themselves",
        examples=["siblings"],
    )
    unit: str | None = Field(description="The funding unit; null: the company", examples=["west"])
    effective: str | None = Field(
        description="The first month that moves; null: all of them", examples=["2027-04"]
    )
    change: MoneyOut = Field(description="Of what is assigned", examples=[0])


class LockOut(BaseModel):
    """A quota that later solves keep until it is released."""

    rep: str = Field(examples=["r1"])
    quota: MoneyOut
    reference: str


class FrozenOut(BaseModel):
    """What a unit has agreed on; later solves keep it."""

    unit: str = Field(examples=["west"])
    amount: MoneyOut
    spent: MoneyOut = Field(
        description="What reserves inside the unit have given since: it carries that less",
        examples=[0],
    )


class ReserveOut(BaseModel):
    """What of the assigned amount may be given back."""

    unit: str | None = Field(description="null: the company", examples=["west"])
    amount: MoneyOut
    used: MoneyOut = Field(examples=[11000])
    left: MoneyOut = Field(examples=[9000])


class BeyondOut(BaseModel):
    """A limit of the solve that amendments do not keep."""

    rule: str = Field(examples=["rep:r1:cap"])
    limit: MoneyOut
    carried: MoneyOut


class LedgerOut(BaseModel):
    """Everything is empty for a version as it was solved without locks and reserves.

    Managers and reps are told what concerns the units that they see.
    """

    amendments: list[AmendmentOut] = Field(description="Oldest first", examples=[[]])
    locks: list[LockOut] = Field(
        description="By rep; told to those who see the whole version", examples=[[]]
    )
    dropped_locks: list[str] = Field(
        description="Reps whose lock was dropped, because they are not there any more",
        examples=[[]],
    )
    frozen: list[FrozenOut] = Field(examples=[[]])
    reserves: list[ReserveOut] = Field(examples=[[]])
    beyond: list[BeyondOut] = Field(examples=[[]])

    @classmethod
    def of(cls, manifest: Mapping[str, Any], sight: Sight, digits: int) -> Self:
        def money(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
            return {**row, **{name: from_minor(int(row[name]), digits) for name in names}}

        def listed(name: str) -> list[Any]:
            return [row for row in manifest.get(name, ()) if sight.sees_place(row)]

        whole = sight.is_whole
        return cls(
            amendments=[AmendmentOut(**money(row, "change")) for row in listed("amendments")],
            locks=[LockOut(**money(row, "quota")) for row in manifest.get("locks", ()) if whole],
            dropped_locks=[*manifest.get("dropped_locks", ())] if whole else [],
            frozen=[
                FrozenOut(**money({"spent": 0, **row}, "amount", "spent"))
                for row in listed("frozen")
            ],
            reserves=[
                ReserveOut(
                    **money(row, "amount", "used"),
                    left=from_minor(row["amount"] - row["used"], digits),
                )
                for row in listed("reserves")
            ],
            beyond=[
                BeyondOut(**money(row, "limit", "carried"))
                for row in manifest.get("beyond", ())
                if sight.sees_rule(row["rule"])
            ],
        )
