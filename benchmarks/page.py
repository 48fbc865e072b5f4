"""The head of the page: by which command, on which machine."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

_LIBRARIES: Final = (
    "numpy", "scipy", "statsmodels", "pandas", "holidays", "highspy", "pulp", "cbcbox",
    "clarabel", "cvxpy", "b2b-revenue-forecasting", "fastapi", "pydantic", "orjson",
)  # fmt: skip


def head(command: str) -> str:
    return _HEAD.format(command=command, machine=_machine())


_HEAD: Final = """\
# Benchmarks

Written by `{command}`; do not edit. Compare ratios, which stand within one run, not times.

{machine}

Times are CPU seconds of all threads and of every program that is started. Every run is a process of
its own that is handed arrays; building a model and reading its answer count, loading a library does
not. Contestants take turns, case by case; ratios are taken on the same case, and everything shown
is a median unless it says otherwise.
"""


def _machine() -> str:
    """Kind of machine and versions, in one paragraph."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0].split(":")[1].strip() if names else model
    libraries = []
    for name in _LIBRARIES:
        with suppress(PackageNotFoundError):  # without the peers, see `make bench`
            libraries.append(f"{name} {version(name)}")
    return (
        f"{os.cpu_count()} cores of {model}, {platform.system()}; "
        f"Python {platform.python_version()}, {', '.join(libraries)}."
    )
