"""Take the pictures in docs/images again: `make pictures`, after a change that shows on the pages.

A demo is started afresh, in a folder of its own, and Debian's Chromium looks at its pages.
"""
# ruff: noqa: INP001  (a script, no package)

import json
import tempfile
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import sync_playwright

from tests.commands import address_in, started
from tests.web.conftest import ARGUMENTS, CHROMIUM

IMAGES = Path(__file__).parents[1] / "docs" / "images"
PICTURES = {"plan-en.png": ("en-US", "Iowa"), "plan-zh.png": ("zh-CN", "Huadong")}
"""The language of the browser, and a word of the plan's name."""
WIDTH, HEIGHT = 1180, 1500


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as data,
        started("demo", "--data", data, "--port", "0") as (_, said),
        sync_playwright() as playwright,
    ):
        address = address_in(said)
        with urlopen(f"{address}/v1/plans") as answer:  # noqa: S310 - our own address
            plans = {plan["name"]: plan["id"] for plan in json.load(answer)["items"]}
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for file, (locale, word) in PICTURES.items():
            (plan,) = (plans[name] for name in plans if word in name)
            page = browser.new_page(locale=locale, viewport={"width": WIDTH, "height": HEIGHT})
            page.goto(f"{address}/plans/{plan}")
            page.screenshot(path=IMAGES / file)
        browser.close()


if __name__ == "__main__":
    main()
