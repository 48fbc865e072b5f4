"""Quotas: solved in one answer, or kept as versions of a plan.

From the top down; what stands side by side does not know each other.

verification/      the check of everything that is stored for ever
adjustments/       people adjust quotas, a lock on each
imports/           a plan made by hand as a version
scenarios/         many policies side by side
diff/              two versions side by side, and why they differ
publishing/        what is in force when, as rows for readers
summary/           what a version comes to, on one page
fairness_report/   how even a version is, and for whom it is harder
simulation/        years of sales drawn around a plan
backtest/          which way of setting quotas would have come nearest
versions/          what is kept: solved plans and what was decided since, with their proof
usecases.py        what is not kept: an allocation in one answer; schemas/, router.py
measures/          several measures in one plan

The rest says a part of an answer each. solving.py finds the plan, infeasible.py says why there is
none. assemble.py makes a case of inputs and a policy, with presence.py, places.py, unheld.py and
unsold.py. figures.py, prices.py, risk.py, months.py, seasons.py, lines.py, crossing.py,
over_assignment.py, stated.py and targets.py tell what came of it, answer.py all of it together.
patience.py is how long that may take, caller.py how long a caller over HTTP lets it.
"""
