"""What one can do without a plan: allocate in one shot, or ask whether the rules can all hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from service.allocations.answer import answer_in_json
from service.allocations.assemble import Case, Terms, assemble
from service.allocations.measures.solving import examine_measures, solve_and_price_measures
from service.allocations.patience import Patience
from service.allocations.places import Places
from service.kit.errors import Fault, InvalidInput
from service.kit.money import InvalidMoney, minor_digits, to_minor
from service.kit.patient_body import Sent
from service.plans.domain import period_fault
from service.plans.policy import BY_HISTORY, Named, Spreading, read_spreading, to_policy
from service.roster.domain import Inputs, read_inputs
from solver.policy import Policy


def allocate_once(sent: Sent, patience: Patience | None = None) -> bytes:
    """Quotas, reasons and proof, in JSON. Raises what `read_case` and `solving.allocate` do."""
    return answer_in_json(solve_and_price_measures(read_case(sent), patience))


def check_once(sent: Sent, patience: Patience | None = None) -> dict[str, Any]:
    """Whether the rules can all hold, without solving. Raises what `solving.examine` does."""
    case = read_case(sent)
    warnings = [{"pointer": fault.pointer, "detail": fault.detail} for fault in case.warnings]
    return examine_measures(case, patience) | {"warnings": warnings}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a body states, before anything is made of it."""

    inputs: Inputs
    terms: Terms
    policy: Policy
    spreading: Spreading
    places: Places


def read_facts(sent: Sent) -> Facts:
    """Raises `InvalidInput` with the faults of all parts of the body."""
    document, faults = sent.document, list(sent.faults)
    terms = read_terms(document, faults)
    stated = document.get("policy") or {}
    policy, spreading = _policy(stated, terms.digits, Named.of_body(document), faults)
    inputs = read_inputs(document, digits=terms.digits, period=terms.period, faults=faults)
    return Facts(inputs, terms, policy, spreading, Places(document, stated))


def read_case(sent: Sent) -> Case:
    """The case that a body states; raises `InvalidInput` with the faults of all its parts."""
    facts = read_facts(sent)
    return assemble(facts.inputs, facts.terms, facts.policy, facts.places, facts.spreading)


def read_terms(document: Mapping[str, Any], faults: list[Fault]) -> Terms:
    """Currency, increment and period of a body; what is wrong with them is added to `faults`."""
    currency = document.get("currency") or "USD"
    try:
        digits = minor_digits(currency)
    except InvalidMoney as fault:
        faults.append(Fault("/currency", str(fault), currency))
        digits = 2
    increment = 1
    if (given := document.get("increment")) is not None:
        try:
            increment = to_minor(given, digits)
            if increment <= 0:
                faults.append(Fault("/increment", "must be more than 0", given))
        except InvalidMoney as fault:
            faults.append(Fault("/increment", str(fault), given))
    return Terms(currency, digits, increment, _period(document, faults))


def _period(document: Mapping[str, Any], faults: list[Fault]) -> tuple[date, date] | None:
    period = document.get("period") or {}
    if period.get("start") is None or period.get("end") is None:
        return None
    start, end = (_day(period[name]) for name in ("start", "end"))
    if start.day != 1:
        faults.append(Fault("/period/start", "must be the first day of a month", start.isoformat()))
    if fault := period_fault(start, end):
        faults.append(Fault("/period/end", fault, end.isoformat()))
    return start, end


def _day(value: date | str) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _policy(
    stated: Mapping[str, Any], digits: int, named: Named, faults: list[Fault]
) -> tuple[Policy, Spreading]:
    try:
        policy = to_policy(stated, digits=digits, named=named, known=faults)
    except InvalidInput as error:
        faults[:] = error.faults
        return Policy(), BY_HISTORY
    return policy, read_spreading(stated)
