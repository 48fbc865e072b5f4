"""The small company that the API's examples tell of: two units, four people.

916,000 are expected, the target is 1,080,000, and everybody could add 50,000. So everybody's extra
effort is 0.82 of that: r1 gets 250,000 + 0.82 x 50,000 = 291,000, and west 562,000.
"""

from typing import Any, Final

_REPS: Final[list[dict[str, Any]]] = [
    {
        "id": "r1", "name": "Ada Lovelace", "unit": "west", "baseline": 250000, "reach": 50000,
        "sigma": 0.3, "potential": 900000, "capacity": 400000, "min": 200000, "max": 350000,
        "last_year": 231000, "hired": "2024-05-01", "cohorts": {"role": "AE"},
    },
    {
        "id": "r2", "name": "Grace Hopper", "unit": "west", "baseline": 230000, "reach": 50000,
        "sigma": 0.25, "last_year": 220000, "cohorts": {"role": "AE"},
    },
    {
        "id": "r3", "name": "Alan Turing", "unit": "east", "baseline": 220000, "reach": 50000,
        "sigma": 0.3, "last_year": 205000, "cohorts": {"role": "AE"},
    },
    {
        "id": "r4", "name": "Katherine Johnson", "unit": "east", "baseline": 216000,
        "reach": 50000, "sigma": 0.25, "last_year": 199000, "cohorts": {"role": "AE"},
    },
]  # fmt: skip

FACTS: Final[dict[str, Any]] = {
    "units": [
        {"id": "west", "name": "West", "owner": "m-12", "max": 600000},
        {"id": "east", "name": "East", "owner": "m-15"},
    ],
    "reps": _REPS,
}
TERRITORIES: Final = [{"id": "t1", "potential": 900000, "holders": [{"rep": "r1", "share": 1.0}]}]
HISTORY: Final = [
    {"rep": "r1", "period": "2026-09", "actual": 21200},
    {"rep": "r1", "period": "2026-10", "actual": 20500.25},
]
PERIOD: Final = {"start": "2027-01-01", "end": "2027-12-31"}
