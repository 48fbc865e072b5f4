"""What was read once is kept, but not without end."""

from service.web.usecases import Shelf
from tests.web.builders import a_rep, a_version

ONE, TWO, LARGE = (a_version([a_rep(f"r{n}") for n in range(reps)]) for reps in (1, 2, 9))


def test_the_oldest_versions_make_room() -> None:
    shelf = Shelf(most_reps=3)

    shelf.put("one", ONE)
    shelf.put("two", TWO)
    assert shelf.get("one") is ONE

    shelf.put("again", ONE)
    assert shelf.get("one") is None
    assert shelf.get("two") is TWO


def test_the_last_one_is_kept_however_large() -> None:
    shelf = Shelf(most_reps=3)

    shelf.put("one", ONE)
    shelf.put("large", LARGE)

    assert shelf.get("one") is None
    assert shelf.get("large") is LARGE
