"""What the API says about one allocation.

body.py     what it takes: the facts, and how to allocate
answer.py   the whole answer, made of quotas.py (rows of reps and units) and prices.py
check.py    why rules cannot all hold
"""

from service.allocations.schemas.answer import AllocationOut, CrossingRuleOut, SeasonOut
from service.allocations.schemas.body import AllocationBody
from service.allocations.schemas.check import CheckOut
from service.allocations.schemas.prices import PricesOut
from service.allocations.schemas.quotas import Amount, Months, QuotaOut

__all__ = [
    "AllocationBody",
    "AllocationOut",
    "Amount",
    "CheckOut",
    "CrossingRuleOut",
    "Months",
    "PricesOut",
    "QuotaOut",
    "SeasonOut",
]
