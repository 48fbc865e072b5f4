"""What stands in a proof and follows from nothing else in it.

Nothing here can be changed while the hash of the manifest stays what it was. But whoever makes a
new proof of the same quotas, with new hashes, can say another thing here, and the check would not
notice. Members are named by their place in the document, with `[]` for every entry of a list, and
stand for all that is below them. Of a further measure it is the same, below `manifest.measures[]`
and `measures[]`.
"""

from __future__ import annotations

from typing import Final

UNCOVERED: Final[dict[str, tuple[str, ...]]] = {
    "what only the inputs tell": (
        "manifest.inputs",
        "manifest.currency",
        "manifest.period",
        "manifest.estimate",
        "manifest.measure",
        "manifest.basis",
        "manifest.counted_in",
        "manifest.weight",
        "manifest.standards",
        "manifest.risk.market_errors",
        "manifest.risk.market_sigma",
        "manifest.relaxed[].from",
        "quotas[].rep",
        "quotas[].reach",
        "quotas[].estimate",
        "quotas[].rules[][]",
        "rules[].peers",
    ),
    "limits and parameters that change nothing": (
        "manifest.increment",
        "manifest.policy.engine",
        "manifest.policy.groups[].reps[]",
        "manifest.policy.max_over_baseline",
        "manifest.policy.max_over_last_year",
        "manifest.policy.max_probability",
        "manifest.policy.min_over_baseline",
        "manifest.policy.min_over_last_year",
        "manifest.policy.min_probability",
        "manifest.policy.on_infeasible",
        "manifest.policy.parity[].tolerance",
        "quotas[].binding[]",
        "quotas[].cap",
        "quotas[].floor",
        "units[].max",
        "units[].min",
        "units[].over_assignment",
    ),
    "what the season was learned from": (
        "manifest.season.between",
        "manifest.season.pool",
        "manifest.season.provisional",
        "manifest.season.reps",
        "manifest.season.within",
        "manifest.season.working_days",
    ),
    "shares attaining without over-assignment": ("manifest.over_assignment[].attaining_without",),
    "which version came before": (
        "manifest.base_version",
        "manifest.engine_version",
        "manifest.parent",
    ),
    "levels and prices that prove the same plan": (
        "manifest.across.price",
        "rules[].largest_price",
        "rules[].level",
        "units[].largest_price",
        "units[].level",
    ),
}
"""In words, and by their names.

    quotas[].reach        where the policy does not measure effort by it
    quotas[].rules[][]    margins, of which a margin floor is made
    rules[].peers         what a peer group is called
    manifest.relaxed[]    what limits of reps and ranges of units were before they gave way
    quotas[].binding[]    whether the one amount that is possible is a lock, or a floor at the cap
    manifest.policy       what holds nobody, comes to the same limits, or was lifted altogether
"""

UNCOVERED_WHERE_NOTHING_SHOWS: Final[dict[str, tuple[str, ...]]] = {
    "figures that change no whole amount": (
        "manifest.policy.season[]",
        "quotas[].amended[][]",
        "quotas[].last_year",
        "quotas[].present",
        "quotas[].sigma",
        "units[].parent",
    ),
}
"""Covered wherever they make a difference of one increment.

    season[]      weights too close together, or of quotas by lines
    amended[][]   to which decision a change of 0 belongs
    last_year     of somebody of whom nothing is asked
    present       the same, and of quotas by lines
    sigma         of somebody of whom nothing is expected
    parent        of a unit where nobody is
"""

UNCOVERED_OF_LEDGERS: Final[dict[str, tuple[str, ...]]] = {
    "what decisions are called, and what they left open": (
        "manifest.amendments[].kind",
        "manifest.amendments[].reference",
        "manifest.amendments[].unit",
        "manifest.dropped_locks",
        "manifest.locks[].reference",
    ),
    "what was decided, and what later solves keep": (
        "manifest.amendments[].effective",
        "manifest.amendments[].frozen[]",
        "manifest.amendments[].funding",
        "manifest.amendments[].held[]",
        "manifest.amendments[].reps[]",
        "manifest.amendments[].through",
        "manifest.frozen[].unit",
        "manifest.locks[].rep",
        "quotas[].unlocked.cap",
        "quotas[].unlocked.floor",
    ),
}
"""The same of versions with a ledger alone.

    unit        of amendments that nobody carries: which of those above the people it is about
    funding     whether somebody carries a change follows from nothing, and neither does whom it is
    reps        about; who carries what of it does, once both are said
    held        who was locked or gone at that time; what envelopes there were (`frozen`)
    effective   where the months of a change are stated
    through     which months were closed is what the company says
    locks[]     each one that is listed is what the rep carries; one that is left out is not missed
    unlocked    what limits a quota that a lock held in the solve
"""
