"""Headless Chromium, driven by the WebDriver protocol (W3C) with the standard library."""

import asyncio
import base64
import contextlib
import http.client
import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)

KEYS = {"Tab": 9, "Enter": 13, "Escape": 27}


def why_absent() -> str:
    """Empty when there is a browser to drive."""
    missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"{' and '.join(missing)} not installed: run scripts/bootstrap dev" if missing else ""


class Browser:
    """One window. Everything it asks the network for is in ``requests``."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / "chromedriver.log"
        self._profile = folder / "profile"
        with self._log.open("wb") as log:
            self._driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=log, stderr=log)
        self._session = ""
        self.requests: list[str] = []
        try:
            self._port = self._find_port()
            self._open()
        except BaseException:
            self.close()
            raise

    def go(self, url: str) -> None:
        self._ask("POST", "/url", {"url": url})

    def js(self, script: str, *arguments: object) -> Any:
        """What a function with this body returns."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": arguments})

    def cdp(self, command: str, **parameters: object) -> Any:
        """A command of the Chrome DevTools Protocol."""
        return self._ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def size(self, width: int, height: int, *, mobile: bool = False) -> None:
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)

    def scheme(self, name: str) -> None:
        """Have the system prefer ``light`` or ``dark``."""
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def press(self, key: str, text: str = "") -> None:
        """Press and let go of a key, as a keyboard does; ``text`` is what it types."""
        self.cdp(
            "Input.dispatchKeyEvent", type="keyDown", key=key, code=key, text=text, windowsVirtualKeyCode=KEYS[key]
        )
        self.cdp("Input.dispatchKeyEvent", type="keyUp", key=key, code=key, windowsVirtualKeyCode=KEYS[key])

    def picture(self, file: Path) -> None:
        file.write_bytes(base64.b64decode(self._ask("GET", "/screenshot")))

    def seen(self) -> list[str]:
        """Every URL asked for so far."""
        for entry in self._ask("POST", "/se/log", {"type": "performance"}):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])
        return [url for url in self.requests if not url.startswith(("chrome:", "data:"))]

    def complaints(self) -> list[str]:
        """What the console holds against the page: errors, and what the content security policy refused."""
        return [entry["message"] for entry in self._ask("POST", "/se/log", {"type": "browser"})]

    def until(self, script: str, within_s: float = 15.0) -> Any:
        """Wait until the script returns something true."""
        return wait(lambda: self.js(script), script, within_s)

    def close(self) -> None:
        if self._session:
            with contextlib.suppress(OSError, http.client.HTTPException):
                self._ask("DELETE", "")
        self._driver.terminate()
        self._driver.wait(10)

    def _find_port(self) -> int:
        def port() -> int:
            match = re.search(rb"started successfully on port (\d+)", self._log.read_bytes())
            return int(match[1]) if match else 0

        return int(wait(port, "chromedriver listens", 15))

    def _open(self) -> None:
        options = {
            "binary": shutil.which("chromium"),
            "args": [*FLAGS, f"--user-data-dir={self._profile}", "about:blank"],
        }
        wish = {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"performance": "ALL", "browser": "ALL"},
        }
        self._session = self._request("POST", "/session", {"capabilities": {"alwaysMatch": wish}})["sessionId"]

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        return self._request(method, f"/session/{self._session}{path}", body)

    def _request(self, method: str, path: str, body: object = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(answer, dict) and "error" in answer:
            raise RuntimeError(f"{path}: {answer['message']}")
        return answer


class Page:
    """The browser's calls block, and the rig's proxy lives in this loop: each call goes to a thread."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser = browser
        self.url = url

    async def go(self) -> None:
        await asyncio.to_thread(self.browser.go, self.url)

    async def js(self, script: str) -> Any:
        return await asyncio.to_thread(self.browser.js, script)

    async def text(self, selector: str) -> str:
        return str(await self.js(f"return document.querySelector('{selector}').textContent"))

    async def until(self, script: str, within_s: float = 15.0) -> Any:
        return await asyncio.to_thread(self.browser.until, script, within_s)

    async def press(self, key: str, text: str = "") -> None:
        await asyncio.to_thread(self.browser.press, key, text)

    async def size(self, width: int, height: int, *, mobile: bool = False) -> None:
        await asyncio.to_thread(lambda: self.browser.size(width, height, mobile=mobile))

    async def strangers(self) -> list[str]:
        """What was asked of another than the pod, and what the page broke of its own rules."""
        asked = await asyncio.to_thread(self.browser.seen)
        complaints = await asyncio.to_thread(self.browser.complaints)
        away = ("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE")  # the pod itself was not there
        return [url for url in asked if not url.startswith(self.url)] + [
            one for one in complaints if not any(word in one for word in away)
        ]


def wait(truth: Callable[[], Any], what: str, within_s: float) -> Any:
    deadline_s = time.monotonic() + within_s
    while not (found := truth()):
        if time.monotonic() > deadline_s:
            pytest.fail(f"was not so within {within_s:g} s: {what}")
        time.sleep(0.1)
    return found
