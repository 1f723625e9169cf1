"""Makes the pictures of docs/screens.md from pages that run: `make run` in one terminal, `make pictures` in another."""

from pathlib import Path

from playwright.sync_api import sync_playwright

from core.catalogue import open_catalogue
from core.settings import settings
from dashboards.screens import screens
from opscentre.devservices.install import need

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"


def main() -> None:
    """One picture a listed screen; the wall as it hangs, the others as on a laptop."""
    need("chromium", "chromium", print)
    options = settings()
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for name, screen in screens(open_catalogue(options), "vi").items():
            if not screen.listed:
                continue
            width, height = (1920, 1080) if screen.wall else (1366, 768)
            page = browser.new_page(viewport={"width": width, "height": height}, device_scale_factor=0.75)
            page.goto(f"{options.web}/vi/{name}", wait_until="load")
            page.wait_for_selector(".panel")
            page.screenshot(path=FOLDER / f"{name}.jpg", type="jpeg", quality=62)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
