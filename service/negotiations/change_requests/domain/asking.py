"""What may be asked for: on which version, and which amount."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from service.allocations.versions.domain.written.rows import decided_within
from service.kit.errors import Conflict, Fault
from service.kit.money import plain_text
from service.negotiations.change_requests.domain.evidence import CORRECTING, Evidence
from service.plans.domain import VersionStatus

REQUESTABLE: Final = frozenset(
    {VersionStatus.SUBMITTED, VersionStatus.APPROVED, VersionStatus.PUBLISHED}
)
"""What people have been shown as their quotas to be, or work by."""


class VersionDoesNotCount(Conflict):
    """Changes are requested of the newest version that was submitted, approved or published."""


class AlreadyRequested(Conflict):
    """There is an undecided change request for this quota already."""


def check_version(number: int, status: VersionStatus, counts: int | None) -> None:
    """Raises VersionDoesNotCount, which tells the version that counts.

    `counts`: the newest version that was submitted, approved or published and not replaced.
    """
    if number == counts:
        return
    what = f"Version {number} is a draft" if status == VersionStatus.DRAFT else (
        f"Version {number} is {status}" if status == VersionStatus.SUPERSEDED
        else f"Version {number} is not the newest any more"
    )  # fmt: skip
    now = f"version {counts} counts now" if counts else "no version of the plan counts yet"
    raise VersionDoesNotCount(f"{what}; {now}.", version=counts)


def amount_faults(
    proposed: int, row: Mapping[str, Any], evidence: Iterable[Evidence], digits: int
) -> Iterator[Fault]:
    """What is wrong with asking for this quota, in minor units, instead of the one in `row`.

    The floor and the cap that held in the solve hold for what can be granted as well. Evidence that
    an input is wrong may move them, so with it they refuse nothing yet.
    """
    at = "/proposed"
    if proposed < 0:
        yield Fault(at, "must not be negative", plain_text(proposed, digits))
        return
    if proposed == row["quota"]:
        yield Fault(at, "is the quota as it stands; ask for another", plain_text(proposed, digits))
    if any(piece.kind in CORRECTING for piece in evidence):
        return
    floor, cap = decided_within(row)
    if proposed < floor:
        reason = f"is below the floor of {row['rep']} in this version, {plain_text(floor, digits)}"
        yield Fault(at, reason, plain_text(proposed, digits))
    if cap is not None and proposed > cap:
        reason = f"is above the cap of {row['rep']} in this version, {plain_text(cap, digits)}"
        yield Fault(at, reason, plain_text(proposed, digits))


def grant_faults(amount: int, quota: int, proposed: int, digits: int) -> Iterator[Fault]:
    """A grant moves the quota towards what was asked for, all the way or a part of it."""
    low, high = sorted((quota, proposed))
    if amount == quota or not low <= amount <= high:
        reason = (
            f"must differ from the quota as it stands, {plain_text(quota, digits)}, and go no "
            f"further than what is asked for, {plain_text(proposed, digits)}"
        )
        yield Fault("/amount", reason, plain_text(amount, digits))
