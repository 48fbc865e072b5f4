"""What all tests share: how hypothesis searches, and one thread for sums, as in `service.cli`."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before anything loads numpy

from hypothesis import HealthCheck, settings

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
