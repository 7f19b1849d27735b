"""Take the pictures in docs/images from a report: each view, light, dark and on a phone.

python bench/screenshots.py REPORT.html
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
SCREENS = {
    "light": {"viewport": {"width": 1280, "height": 860}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 860}, "color_scheme": "dark"},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "color_scheme": "light",
        "device_scale_factor": 1.5,
    },
}


def views(page: Page) -> dict[str, str]:
    """Return the names of pictures and the addresses of their views; for a file and a change,
    the most interesting ones.
    """
    found = {"overview": "#/", "packages": "#/packages", "doubts": "#/doubts"}
    slow = page.locator("#file-table tbody a").filter(has_text="shared_helper_sales").first
    found["file"] = str(slow.get_attribute("href"))
    if page.locator("nav a[data-view=compare]").count():
        page.evaluate("location.hash = '#/compare'")
        page.wait_for_selector("#compare-table tbody a")
        found["compare"] = "#/compare"
        found["change"] = str(
            page.locator("#compare-table tbody tr", has_text="gone")
            .last.or_(page.locator("#compare-table tbody tr").first)
            .first.locator("a")
            .get_attribute("href")
        )
    return found


def main(report: Path) -> None:
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for screen, options in SCREENS.items():
            page = browser.new_context(**options).new_page()
            page.goto(report.absolute().as_uri())
            page.wait_for_selector("#file-table tbody tr")
            for name, address in views(page).items():
                page.goto(report.absolute().as_uri() + address)
                page.reload()
                page.wait_for_selector("body[data-shown]")
                page.wait_for_timeout(300)
                page.screenshot(path=IMAGES / f"{name}-{screen}.png")
                if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                    sys.exit(f"{name} sticks out on {screen}")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
