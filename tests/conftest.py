"""What all tests share: how hypothesis searches; and as in `service.cli`, one thread for sums, and
rare looks for cycles of objects, which took a tenth of the time of tests.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before anything loads numpy

import gc

from hypothesis import HealthCheck, settings

from service.kit.cycles import look_for_cycles_rarely

# Two cores that others use too: no deadline. A failing example prints how to run it again.
settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("search", parent=settings.get_profile("ci"), derandomize=False)
settings.load_profile("ci")

look_for_cycles_rarely()


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end."""
    gc.freeze()
