"""What later decisions keep: locks, envelopes and reserves, compared with what is carried."""

from __future__ import annotations

from collections.abc import Iterator

from service.allocations.versions.domain.ledger.replay import LEDGER, Book
from service.allocations.versions.domain.written.manifest import Manifest, carried_of
from service.kit.errors import Conflict


class EnvelopeNotKept(Conflict):
    """Units would not carry what they have agreed on."""


def kept_faults(manifest: Manifest, book: Book) -> Iterator[str]:
    """A sentence for each lock and envelope that is not what is carried, and each reserve that did
    not give what it says.
    """
    for name in LEDGER:
        if name not in manifest:
            yield f"{name} is missing"
    yield from _other_locks(manifest, book)
    yield from _other_envelopes(manifest, book)
    yield from _other_reserves(manifest)


def _other_locks(manifest: Manifest, book: Book) -> Iterator[str]:
    quotas = dict(zip(book.plan.problem.reps.ids, book.quota.tolist(), strict=True))
    seen: set[str] = set()
    for lock in manifest.get("locks", []):
        rep = lock["rep"]
        if rep in seen or quotas.get(rep) != lock["quota"]:
            carried = quotas.get(rep, "nothing")
            yield f"locks.{rep} says {lock['quota']:,}, and the rep carries {carried}"
        seen.add(rep)


def _other_envelopes(manifest: Manifest, book: Book) -> Iterator[str]:
    sums = dict(zip(book.plan.problem.units.ids, book.sums[1:].tolist(), strict=True))
    seen: set[str] = set()
    for envelope in manifest.get("frozen", []):
        unit, agreed = envelope["unit"], carried_of(envelope)
        if unit in seen or sums.get(unit) != agreed:
            carried = sums.get(unit, "nothing")
            yield f"frozen.{unit} says {agreed:,}, and the unit carries {carried}"
        seen.add(unit)


def _other_reserves(manifest: Manifest) -> Iterator[str]:
    used: dict[str | None, int] = {}
    for part in manifest.get("amendments", []):
        if part["funding"] == "reserve":
            used[part["unit"]] = used.get(part["unit"], 0) - part["change"]
    stated = {reserve["unit"]: reserve for reserve in manifest.get("reserves", [])}
    for unit in dict.fromkeys((*used, *stated)):
        spent, reserve = used.get(unit, 0), stated.get(unit)
        if reserve is None or reserve["used"] != spent or not 0 <= spent <= reserve["amount"]:
            yield f"reserves.{unit or 'company'} is not what amendments took of it: {spent:,}"
    asked = [(own["unit"], own["amount"]) for own in manifest["policy"].get("reserves", ())]
    if asked != [(own["unit"], own["amount"]) for own in manifest.get("reserves", [])]:
        yield "reserves are not those of the policy"
