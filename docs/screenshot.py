"""Draw docs/console.png: the console on the demonstration's site, in real Chromium. Run after `make demo`."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from flows.children import Child

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
OFFENCE = "traffic_cone"


def main() -> None:
    """Open the queue, then the case of a row of cones, and keep its picture."""
    site = ROOT / "out" / "demo" / "site"
    arguments = ["up", "--site", str(site), "--no-schedules", "--port", "0"]
    with Child("console", "flows.cli", arguments, log=ROOT / "out" / "console.log") as console:
        address = console.wait_ready(timeout_s=60)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"{address}?lang=en&offence={OFFENCE}", wait_until="networkidle")
            page.locator("a[href*='/cases/']").first.click()
            page.wait_for_load_state("networkidle")
            page.wait_for_timeout(1000)
            page.screenshot(path=str(ROOT / "docs" / "console.png"))
            browser.close()
    sys.stdout.write("wrote docs/console.png\n")


if __name__ == "__main__":
    main()
