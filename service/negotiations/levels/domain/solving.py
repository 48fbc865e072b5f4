"""The reps of a unit solved again, and adjusted; whatever happens, they fill the envelope.

Where nothing was changed, the version's own rows are the answer: a part of a leximin plan is the
leximin plan of the part (`tests/solver/test_inside.py`), and it is rounded already.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from service.allocations.versions.lanes.domain.work import Work
from service.negotiations.levels.domain.limits import Ends
from service.negotiations.levels.domain.team import Team
from solver.amend import Standing, carried
from solver.policy import Fairness
from solver.problem import FloatArray, IntArray
from solver.watch import Watch


class RulesBroken(ValueError):
    """Rules across the tree that an adjustment would break, by their names."""

    def __init__(self, rules: Sequence[str]) -> None:
        super().__init__(", ".join(rules))
        self.rules = tuple(rules)


def solved(
    team: Team,
    work: Work,
    fairness: Fairness | None,
    asked: Mapping[str, Ends],
    *,
    potential: FloatArray | None = None,
    watch: Watch | None = None,
) -> Work:
    """The unit solved again with its envelope as exact sum, and every lock.

    Raises what `Inside.share_out` and `Team.scale` do.
    """
    if not team.rows:
        return work.solved({}, fairness, asked)
    own = {rep: work.start[rep] for rep in team.reps}
    idea = fairness or team.fairness
    as_frozen = all(team.frame_quotas[rep] == quota for rep, quota in own.items())
    if as_frozen and idea == team.fairness and not asked and not _locks(team, work):
        return work.solved(own, fairness, asked)
    limits = team.limits(_locks(team, work), asked)
    inside = team.inside(team.own_total(work.envelope), limits)
    quota = inside.share_out(team.scale(idea, potential), watch)
    return work.solved(_by_rep(team, quota), fairness, asked)


def adjusted(
    team: Team, work: Work, wanted: Mapping[str, int], released: Collection[str] = ()
) -> Work:
    """The wanted quotas; what they do not balance among themselves is carried by the others, each
    by the same part of the own quota, inside limits.

    Raises `RulesBroken`, and `CannotCarry` of `solver.amend`: reps by their places in `team.rows`,
    units by theirs in `team.units`, from 1.
    """
    gone = frozenset(released)
    if not wanted:
        return work.adjusted({}, {}, gone)
    now = {rep: work.quotas[rep] for rep in team.reps}
    kept = {
        rep: quota for rep, quota in _locks(team, work).items() if rep not in gone | wanted.keys()
    }
    limits = team.limits(kept, {})
    inside = team.inside(sum(now.values()), limits)
    after = team.column(now | dict(wanted))
    if inside.keeps(after):
        return work.adjusted(_by_rep(team, after), wanted, gone)
    standing = Standing(
        inside.hierarchy,
        team.column(now),
        limits.floor,
        limits.cap,
        inside.bounds.unit_min,
        inside.bounds.unit_max,
        inside.problem.increment,
    )
    found = carried(
        standing,
        1,
        {team.place[rep]: quota for rep, quota in wanted.items()},
        held=[team.place[rep] for rep in [*kept, *team.frame_locks] if rep in team.place],
    )
    if broken := inside.broken_rules(found):
        raise RulesBroken(broken)
    return work.adjusted(_by_rep(team, found), wanted, gone)


def _locks(team: Team, work: Work) -> dict[str, int]:
    return {rep: quota for rep, quota in work.locks.items() if rep in team.place}


def _by_rep(team: Team, quota: IntArray) -> dict[str, int]:
    return dict(zip(team.reps, quota.tolist(), strict=True))
