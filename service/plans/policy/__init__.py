"""The policy of one allocation: as the API says it, as the solver takes it, as a version keeps it.

schema.py      what callers may send: PolicyBody
read.py        to_policy: the solver's policy, or every fault with its place
spreading.py   read_spreading: its season and country, which only months need
stored.py      the one way in which versions write a policy, and back into the caller's units
"""

from service.plans.policy.read import PARITY, ROW, Named, Reserve, lifted, read_reserves, to_policy
from service.plans.policy.schema import PolicyBody
from service.plans.policy.spreading import BY_HISTORY, EVEN, LEARNED, Spreading, read_spreading
from service.plans.policy.stored import in_units, present_policy, present_rule, stored_policy

__all__ = [
    "BY_HISTORY",
    "EVEN",
    "LEARNED",
    "PARITY",
    "ROW",
    "Named",
    "PolicyBody",
    "Reserve",
    "Spreading",
    "in_units",
    "lifted",
    "present_policy",
    "present_rule",
    "read_reserves",
    "read_spreading",
    "stored_policy",
    "to_policy",
]
