"""What commands are run on."""

from pathlib import Path

import pytest


@pytest.fixture
def company(own_folder: None) -> Path:  # noqa: ARG001 -- where it lies
    """Four reps of expected sales 100 and reach 100 each; ann can carry 105 at most."""
    folder = Path("company")
    folder.mkdir()
    (folder / "reps.csv").write_text(
        "rep_id,name,unit,baseline,reach,max\n"
        "ann,=1+1,west,100,100,105\n"
        "bob,Bob,west,100,100,\n"
        "cyd,Cyd,east,100,100,\n"
        "dan,丹,east,100,100,\n",
        encoding="utf-8",
    )
    return folder
