"""The policy of one allocation: as the API says it, as the solver takes it, as a version keeps it.

schema.py   what callers may send: PolicyBody
read.py     to_policy: the solver's policy, or every fault with its place
stored.py   the one way in which versions write a policy, and back into the caller's units
"""

from service.plans.policy.read import PARITY, Named, lifted, to_policy
from service.plans.policy.schema import PolicyBody
from service.plans.policy.stored import in_units, present_policy, present_rule, stored_policy

__all__ = [
    "PARITY",
    "Named",
    "PolicyBody",
    "in_units",
    "lifted",
    "present_policy",
    "present_rule",
    "stored_policy",
    "to_policy",
]
