"""Find who funds a change, and what comes of it: on a fetched version, without any database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from service.allocations.versions.domain.deciding.amendable import Amendable
from service.allocations.versions.domain.deciding.decision import Decision, Wanted
from service.allocations.versions.usecases.amending import ChangeNotCarried, Fetched
from service.kit.errors import AppError, Fault, InvalidInput
from service.negotiations.change_requests.domain.funding import (
    IN_ORDER,
    Funding,
    NotTheFunder,
    funding_unit,
    upwards,
)
from service.negotiations.change_requests.tables import ChangeRequest
from service.negotiations.change_requests.usecases.scope import Scope


@dataclass(frozen=True, slots=True)
class Change:
    """The quota that a rep is to have, in minor units, and from which month on."""

    request: ChangeRequest
    amount: int
    effective: str | None
    unit: str | None
    """Where the rep works by then."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Who is asked to sign: the caller's scope, and the owners of units."""

    scope: Scope
    owners: dict[str, str]

    def signs(self, funding: Funding, unit: str | None, of_rep: str | None) -> bool:
        """Whether the caller may give what this funding takes. `of_rep`: where the rep works."""
        if funding != "unfunded":
            return self.scope.holds(unit)
        if self.scope.is_planner:
            return True
        target = self._target_unit(of_rep)
        if target is None or not self.scope.holds(target):  # anybody may be called like its owner
            return False
        caller = self.scope.caller
        return self.owners.get(target) in {caller.id, caller.name}

    def _target_unit(self, unit: str | None) -> str | None:
        """The nearest unit upwards with a target of its own; None: the company's target."""
        targets = {row["id"] for row in self.scope.rows if row.get("target") is not None}
        found = (own for own in upwards(unit, self.scope.parents) if own in targets)
        return next(found, None)


@dataclass(frozen=True, slots=True, eq=False)
class Option:
    """One way to fund a change: what comes of it, or why it cannot be."""

    funding: Funding
    unit: str | None
    """The unit that funds it; None: the company."""
    signs: bool
    """Whether the caller may sign it."""
    after: Amendable | None
    refusal: AppError | None
    """Why it cannot be; None where it can."""

    def required(self) -> Amendable:
        """What stands afterwards. Raises the refusal, and NotTheFunder.

        Who may not sign is not told why it cannot be: that names limits of other people.
        """
        if not self.signs:
            raise not_the_funder(self)
        if self.after is None:
            assert self.refusal is not None  # noqa: S101 -- one of the two is there
            raise self.refusal
        return self.after


def not_the_funder(option: Option) -> NotTheFunder:
    where = f"unit {option.unit}" if option.unit else "the company"
    what = {
        "reserve": f"The reserve of {where}",
        "siblings": f"What the others of {where} carry",
        "parent": f"What the other teams below {where} carry",
        "unfunded": "A gap in the target",
    }[option.funding]
    return NotTheFunder(
        f"{what} is not yours to give: escalate the request.", escalate=True, unit=option.unit
    )


def option(found: Fetched, change: Change, funding: Funding, signer: Signer) -> Option:
    """What comes of it if this funding is taken."""
    parents = signer.scope.parents
    reserves = [own["unit"] for own in found.version.manifest.get("reserves", [])]
    unit = funding_unit(funding, change.unit, parents, reserves)
    signs = signer.signs(funding, unit, change.unit)
    after, refusal = None, None
    try:
        after = decided(found, change, funding)
    except (InvalidInput, ChangeNotCarried) as error:
        refusal = error
    return Option(funding, unit, signs, after, refusal)


def decided(found: Fetched, change: Change, funding: Funding) -> Amendable:
    """Raises InvalidInput and ChangeNotCarried."""
    decision = Decision(
        "change_request",
        change.request.id,
        [Wanted(change.request.rep, change.amount)],
        funding,
        change.effective,
        locks=True,
    )
    try:
        return found.decide(decision)
    except InvalidInput as refused:
        raise InvalidInput(
            [
                Fault("/amount" if fault.pointer.endswith("/quota") else "", fault.detail)
                for fault in refused.faults
            ]
        ) from None


def first_possible(found: Fetched, change: Change, signer: Signer) -> Option:
    """The first way in order that is possible and that the caller may sign.

    Where there is none: the first that is possible, else the first that is not.
    """
    options = [option(found, change, funding, signer) for funding in IN_ORDER]
    return best(options)


def best(options: Sequence[Option]) -> Option:
    """Of ways in order, the one that is taken where nobody says which."""
    possible = [each for each in options if each.after is not None]
    signed = [each for each in possible if each.signs]
    impossible = sorted(options, key=lambda each: each.funding == "reserve")
    return [*signed, *possible, *impossible][0]
