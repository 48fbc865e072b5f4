"""Some rows of the facts, upserted into those that are there (a CRM's nightly sync).

A patch is merged into the document that GET shows, and the whole is read as if it had been put. In
every table of the merged document the rows that were sent come first, in the order in which they
were sent: a fault of one of them has the place that the sender knows. Faults elsewhere are told
with the name of their row, and at what was removed where that is the cause (`patch_faults`).

Members of a row follow JSON Merge Patch (RFC 7396): left out they stay, null takes them away.
Lists inside a row, such as `holders`, are replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

from service.kit.errors import Fault, InvalidInput, pointer
from service.roster.domain.columns import MOST_COHORTS
from service.roster.domain.inputs import Inputs
from service.roster.domain.measures import MOST_MEASURES, REVENUE
from service.roster.domain.patch_faults import Told
from service.roster.domain.periods import InvalidPart, as_text, months_between, read_part
from service.roster.domain.read import read_inputs
from service.roster.domain.reading import Path, Row

type Key = tuple[str | None, ...]

_BY_ID: Final = ("units", "reps", "territories", "measures")
_WHOLE: Final = (None,) * 4
"""The target of the company, but for its measure."""
_TWICE: Final = "is sent as well: send it or remove it"


def patched_inputs(
    before: Inputs,
    document: Row,
    patch: Mapping[str, Any],
    *,
    period: tuple[date, date],
    faults: Sequence[Fault] = (),
    shares: int | None = None,
) -> Inputs:
    """The inputs `before` with what a body of the shape `InputsPatch` says of them.

    `document` shows `before` as rows (`present`); it is changed. `period`, `faults`: as in
    `read_inputs`. Raises `InvalidInputs`, whose pointers are of the patch. Shares of territories
    that were not sent may be as wrong as they may be in files; `shares`: so many of those that were
    sent may not, all of them where left out.
    """
    merge = _Merge(document, patch, before.measures.main.id, months_between(period), faults)
    body = merge.body()
    of_patch = (*faults, *merge.faults)
    told = Told(patch, body, merge.sent, merge.removed, target_is_a_row=merge.target_is_a_row)
    try:
        after = read_inputs(
            body,
            digits=before.digits,
            period=period,
            faults=of_patch,
            shares=merge.sent["territories"] if shares is None else shares,
        )
    except InvalidInput as error:
        raise InvalidInput((*of_patch, *told.of(error.faults[len(of_patch) :]))) from None
    return replace(after, warnings=told.of(after.warnings))


def merged(stored: Any, patch: Any) -> Any:
    """JSON Merge Patch (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(stored) if isinstance(stored, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


@dataclass(slots=True)
class _Merge:
    """A patch on its way into a document."""

    document: Row
    patch: Mapping[str, Any]
    main: str
    """The main measure: history is of it where no measure is named."""
    months: range
    known: Sequence[Fault]
    faults: list[Fault] = field(default_factory=list)
    """Of what is to be removed."""
    sent: dict[str, int] = field(default_factory=dict)
    """How many rows of each table were sent."""
    removed: dict[str, dict[Any, int]] = field(default_factory=dict)
    """What is removed from each table, and its place in the list."""
    target_is_a_row: bool = False
    """Whether `target` was sent to a plan with `targets`, as the first of which it then stands."""

    def body(self) -> Row:
        """The whole document."""
        document = self.document
        if "forecast" in self.patch:
            document["forecast"] = self.patch["forecast"]
        if any(self.patch.get(name) or self._removals(name) for name in ("targets", "measures")):
            # sales stay what they are of where another measure becomes the main one
            for row in document["history"]:
                row.setdefault("measure", self.main)
        for table in _BY_ID:
            stored = document.get(table, [])
            if rows := self._upserted(table, stored, lambda row: row.get("id"), lambda key: key):
                document[table] = rows
            elif stored:
                document[table] = []
        self._refuse_what_has_grown_too_long(document)
        self._upsert_targets()
        self._upsert_history()
        return document

    def _refuse_what_has_grown_too_long(self, document: Row) -> None:
        """What is sent by itself is within these limits."""
        grown: list[tuple[Path, int, int]] = [
            (("reps", place, "cohorts"), MOST_COHORTS, len(row.get("cohorts") or ()))
            for place, row in enumerate(document["reps"][: self.sent["reps"]])
        ]
        if self.sent["measures"]:
            grown.append((("measures",), MOST_MEASURES, len(document["measures"])))
        for path, most, items in grown:
            if items > most:
                detail = f"makes {items} of them with those that there are: at most {most} may be"
                self.faults.append(Fault(pointer(path), detail))

    def _upserted(
        self,
        table: str,
        stored: list[Row],
        key_of: Callable[[Row], Hashable],
        key_of_removal: Callable[[Any], Hashable],
        *,
        sent: Sequence[Row] | None = None,
        elsewhere: Collection[Hashable] = (),
    ) -> list[Row]:
        """The rows of a table: those that were sent, then those that nobody spoke of.

        `elsewhere` are keys that can be removed, and are no rows of this table.
        """
        rows = self.patch.get(table) or [] if sent is None else sent
        self.sent[table] = len(rows)
        if not rows and not self._removals(table):
            self.removed[table] = {}
            return stored
        keys = [key_of(row) for row in rows]
        named, there = set(keys), [key_of(row) for row in stored]
        gone = self._removed(table, key_of_removal, {*there, *elsewhere}, named)
        before = {key: row for key, row in zip(there, stored, strict=True) if key in named}
        return [
            *(merged(before.get(key), row) for key, row in zip(keys, rows, strict=True)),
            *(
                row
                for key, row in zip(there, stored, strict=True)
                if key not in named and key not in gone
            ),
        ]

    def _removals(self, table: str) -> Sequence[Any]:
        return (self.patch.get("remove") or {}).get(table) or []

    def _removed(
        self,
        table: str,
        key_of: Callable[[Any], Hashable],
        there: Collection[Hashable],
        sent: Collection[Hashable],
    ) -> Mapping[Hashable, int]:
        """What is to be removed and can be; the rest is a fault."""
        found = self.removed[table] = {}
        misshapen = {tuple(fault.pointer.split("/")[1:4]) for fault in self.known}
        for place, said in enumerate(self._removals(table)):
            if ("remove", table, str(place)) in misshapen:
                continue
            key, at = key_of(said), ("remove", table, place)
            if key in found:
                detail = f"stands already in {pointer((*at[:2], found[key]))}"
            elif key in sent:
                detail = _TWICE
            else:
                detail = f"is none of the `{table}` that there are"
            if key not in found and key in there and key not in sent:
                found[key] = place
            else:
                self.faults.append(Fault(pointer(at), detail, said))
        return found

    def _upsert_targets(self) -> None:
        """`target` is short for the company's row of the main measure, and a unit's `target` for
        the unit's.
        """
        document, patch = self.document, self.patch
        rows: Sequence[Row] = patch.get("targets") or []
        stated = "target" in patch
        self.sent["targets"], self.removed["targets"] = len(rows), {}
        if "targets" not in document and not rows and not self._removals("targets"):
            if stated:
                document["target"] = patch["target"]
            return
        stored = document.get("targets", [{"amount": document["target"]}])
        document["target"] = None
        whole = (self.main, *_WHOLE)
        if rows and patch.get("target") is not None:
            self.faults.append(Fault("/target", "stands beside `targets`: send one of the two"))
        elif stated:
            stored = [row for row in stored if self._target(row) != whole]
            if patch["target"] is not None:
                self.target_is_a_row = True
                rows = [{"measure": self.main, "amount": patch["target"]}]
        units = document["units"]
        untouched: dict[Hashable, Row] = {
            (self.main, row["id"], None, None, None): row
            for row in units[self.sent["units"] :]
            if "target" in row
        }
        patched = {
            (self.main, row["id"], None, None, None): row
            for row, said in zip(units, patch.get("units") or [], strict=False)
            if "target" in row and "target" not in said
        }
        of_units = untouched | patched
        document["targets"] = self._upserted(
            "targets", stored, self._target, self._target, sent=rows, elsewhere=of_units
        )
        for key in (
            set(map(self._target, rows)) | self.removed["targets"].keys()
        ) & of_units.keys():
            del of_units[key]["target"]

    def _target(self, row: Row) -> Key:
        """What a target is of, however its months are written."""
        period = row.get("period")
        if period is not None:
            try:
                months = read_part(period, self.months)
            except InvalidPart:
                pass
            else:
                period = None if months == self.months else as_text(months)
        unit, product, customer_type = map(row.get, ("unit", "product", "customer_type"))
        return (row.get("measure") or REVENUE, unit, product, customer_type, period)

    def _upsert_history(self) -> None:
        """Sales of one key are replaced by all that is sent of it. People and territories that are
        removed take theirs along.
        """
        history: list[Row] = self.document["history"]
        reps, territories = self.removed["reps"], self.removed["territories"]
        if reps or territories:
            history = [
                row
                for row in history
                if row.get("rep") not in reps and row.get("territory") not in territories
            ]
        spoken_of = {
            (row.get("rep"), row.get("territory"))
            for row in (*(self.patch.get("history") or ()), *self._removals("history"))
        }
        near, far = list[Row](), list[Row]()  # keys of a million rows take seconds
        for row in history:
            (near if (row.get("rep"), row.get("territory")) in spoken_of else far).append(row)
        self.document["history"] = [
            *self._upserted("history", near, self._sales, self._sales), *far
        ]  # fmt: skip

    def _sales(self, row: Row) -> Key:
        rep, territory, period = map(row.get, ("rep", "territory", "period"))
        of = map(row.get, ("product", "customer_type"))
        return (rep, territory, period, row.get("measure") or self.main, *of)
