"""Where the files that travel with the code are: migrations and the bundled examples.

In a checkout they lie beside the packages, in a wheel inside `service/_bundled/`.
"""

from pathlib import Path

_SERVICE = Path(__file__).resolve().parent.parent


def migrations_folder() -> Path:
    return _bundled("migrations")


def examples_folder() -> Path:
    return _bundled("examples")


def _bundled(name: str) -> Path:
    for folder in (_SERVICE / "_bundled" / name, _SERVICE.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"{name}/ is neither inside nor beside {_SERVICE}; reinstall fairquota")
