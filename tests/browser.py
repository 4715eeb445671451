"""Debian's Chromium without a window, driven by Selenium; it opens pages on disk."""

import json
import os
import shutil
from contextlib import contextmanager

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

FLAGS = """
    --headless --no-sandbox --disable-gpu --disable-quic --no-first-run
    --disable-background-networking --disable-component-update --disable-sync
"""


def require_chromium():
    """Return the paths of chromium and chromedriver; without them skip the test, or fail in CI."""
    found = [shutil.which("chromium"), shutil.which("chromedriver")]
    if not all(found):
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("needs chromium and chromedriver (Debian: chromium, chromium-driver)")
    return found


@contextmanager
def open_browser(profile, width=1400, height=900):
    """Yield a Browser with an empty profile in the folder `profile`."""
    chromium, driver = require_chromium()
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in [*FLAGS.split(), f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chrome = webdriver.Chrome(options=options, service=Service(driver))
    try:
        browser = Browser(chrome)
        browser.resize(width, height)
        yield browser
    finally:
        chrome.quit()


class Browser:
    """A browser with a page of the viewer."""

    def __init__(self, chrome):
        self.chrome = chrome

    def resize(self, width, height):
        """Set the size of the page, which may be narrower than a desktop window, as on a phone."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def open(self, path):
        """Open a page of the viewer and wait until it is ready."""
        self.chrome.get(path.as_uri())
        self.wait("return document.documentElement.dataset.ready === 'true'")

    def run(self, script, *arguments):
        """Return what JavaScript returns."""
        return self.chrome.execute_script(script, *arguments)

    def wait(self, script, *arguments):
        """Wait until JavaScript returns a true value; return that value."""
        return WebDriverWait(self.chrome, 300).until(lambda _: self.run(script, *arguments))

    def one(self, selector):
        """Return the one element that matches a CSS selector."""
        (element,) = self.chrome.find_elements(By.CSS_SELECTOR, selector)
        return element

    def choose(self, selector, value):
        """Choose an option of a select, by its value."""
        Select(self.one(selector)).select_by_value(value)

    def complaints(self):
        """Return the errors and warnings of the console since the last call."""
        return [
            entry["message"]
            for entry in self.chrome.get_log("browser")
            if entry["level"] in ("SEVERE", "WARNING")
        ]

    def requested(self):
        """Return the addresses that pages requested since the last call."""
        events = (
            json.loads(entry["message"])["message"] for entry in self.chrome.get_log("performance")
        )
        return [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ]
