"""Redfish (DSP0266): one service, one request in flight, own retries, a session that is opened anew when it is lost.

Reads are never conditional: a weak ETag may stay while a reading changes, and an old reading would pass for a new one.
ETags are for writing: who writes says which version was seen.
"""

import asyncio
import base64
import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from edgeagent.model.errors import DeviceError, DeviceGarbled, DeviceRefused, DeviceUnreachable
from edgeagent.protocols.redfish_address import Access, RedfishAddress
from edgeagent.protocols.redfish_answer import MAX_MESSAGE, Answer, NotSent
from edgeagent.protocols.session import Lease, Sessions, Turn
from edgeagent.protocols.snmp_set import WriteOpen

if TYPE_CHECKING:
    from edgeagent.protocols.redfish_http import Http

ROOT = "/redfish/v1/"
SESSIONS = "/redfish/v1/SessionService/Sessions"
HUSH_S = 60.0
"""How long a refused password is not tried again: many services lock a user out after a few."""
GONE = frozenset((404, 410))

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource as it was read; ``etag`` is empty where the service gives none."""

    path: str
    body: Body
    etag: str = ""


class RedfishSession:
    """A conversation with one service. It opens by itself, and anew after each failure.

    Every method raises DeviceUnreachable, DeviceRefused or DeviceGarbled; reading tries ``tries`` times.
    """

    def __init__(
        self, address: RedfishAddress, access: Access, turn: Turn, *, timeout_s: float = 2.0, tries: int = 2
    ) -> None:
        self.address = address
        self.requests = 0
        """How many requests went out; for tests and people."""
        self._access = access
        self._turn = turn
        self._timeout_s = timeout_s
        self._tries = tries
        self._http: Http | None = None
        self._credential: dict[str, str] | None = None
        self._login_path = ""
        """Where our session at the service stands, to end it."""
        self._refusal: tuple[float, DeviceRefused] | None = None

    async def get(self, path: str, *, exchanges: int = 1, ahead: bool = False) -> Resource | None:
        """A resource, or None where there is none; a long one may take the time of several ``exchanges``.

        What belongs to a write goes ``ahead`` of those who only read.
        """
        async with self._turn.write() if ahead else self._turn.read():
            return await self._tried(path, self._timeout_s * exchanges)

    async def patch(self, path: str, changes: Body, etag: str = "") -> None:
        """Change a resource, if it is still the version that was seen. Sent once.

        Raises:
            DeviceRefused, DeviceUnreachable, DeviceGarbled: nothing was written. WriteOpen: nobody knows.
        """
        await self._write("PATCH", path, changes, {"If-Match": etag} if etag else {})

    async def post(self, path: str, parameters: Body) -> None:
        """Have an action carried out. Sent once; raises as `patch`."""
        await self._write("POST", path, parameters, {})

    async def close(self) -> None:
        """End our session at the service, and the connection; a later request opens both again."""
        login, self._login_path = self._login_path, ""
        headers, self._credential = self._credential or {}, None
        try:
            if login:  # few are allowed at a time: those that are left behind lock us out
                http = await self._opened()
                await http.exchange("DELETE", login, timeout_s=min(1.0, self._timeout_s), headers=headers)
        except DeviceError:
            pass  # it ends by itself, after the service's own time
        finally:
            await self._drop()

    async def _tried(self, path: str, timeout_s: float) -> Resource | None:
        failure: DeviceError | None = None
        for _ in range(self._tries):
            try:
                return await self._read(path, timeout_s)
            except _Busy as error:
                failure = error
                await asyncio.sleep(min(error.wait_s, self._timeout_s))
            except DeviceRefused:
                raise
            except DeviceError as error:
                failure = _graver(failure, error)
                await self._drop()
        assert failure is not None
        raise failure

    async def _read(self, path: str, timeout_s: float) -> Resource | None:
        answer = await self._asked("GET", path, timeout_s, {})
        if answer.status in GONE:
            return None
        self._must_be_fine(answer, path)
        return Resource(path, self._decoded(answer, path), answer.headers.get("etag", ""))

    async def _write(self, method: str, path: str, content: Body, headers: dict[str, str]) -> None:
        async with self._turn.write():
            what = f"{method} {path}"
            try:
                answer = await self._asked(method, path, self._timeout_s, headers, msgspec.json.encode(content))
            except (DeviceRefused, NotSent):
                raise
            except DeviceError as error:
                await self._drop()
                raise WriteOpen(f"cannot tell whether {self.address} carried out {what}: {error}") from None
            except asyncio.CancelledError:
                await self._drop()
                raise
            if answer.status >= 500 and answer.status != 501:
                raise WriteOpen(f"cannot tell whether {self.address} carried out {what}: it answers {answer.said}")
            if answer.status == 412:
                raise DeviceRefused(f"cannot write to {self.address}: {path} was changed by somebody meanwhile")
            if not 200 <= answer.status < 300:
                raise DeviceRefused(f"cannot write to {self.address}: {what} is refused ({answer.said})")

    async def _asked(
        self, method: str, path: str, timeout_s: float, headers: dict[str, str], body: bytes | None = None
    ) -> Answer:
        """One answer; where our session was lost, a new one is opened and it is asked once more."""
        http = await self._opened()
        if body is not None:
            headers = {**headers, "Content-Type": "application/json"}
        for last in (False, True):
            credential = await self._logged_in(http)
            self.requests += 1
            answer = await http.exchange(method, path, timeout_s=timeout_s, headers=headers | credential, body=body)
            if answer.status != 401 or last or not self._login_path:
                break
            self._credential, self._login_path = None, ""
        if answer.status == 401:
            self._refuse()
        return answer

    async def _opened(self) -> "Http":
        if self._refusal is not None and asyncio.get_running_loop().time() < self._refusal[0]:
            raise DeviceRefused(str(self._refusal[1]))
        if self._http is None:
            try:
                module = await asyncio.to_thread(importlib.import_module, "edgeagent.protocols.redfish_http")
                self._http = await module.opened(self.address, self._access)
            except DeviceUnreachable as error:
                raise NotSent(str(error)) from None
        assert self._http is not None
        return self._http

    async def _logged_in(self, http: "Http") -> dict[str, str]:
        """The headers that say who we are."""
        if self._credential is None:
            try:
                self._credential = await self._login(http)
            except DeviceUnreachable as error:
                raise NotSent(str(error)) from None
        return self._credential

    async def _login(self, http: "Http") -> dict[str, str]:
        if not self._access.user:
            return {}
        if self._access.basic:
            return self._basic()
        content = msgspec.json.encode({"UserName": self._access.user, "Password": self._access.password})
        headers = {"Content-Type": "application/json"}
        self.requests += 1
        answer = await http.exchange("POST", SESSIONS, timeout_s=self._timeout_s, headers=headers, body=content)
        token = answer.headers.get("x-auth-token")
        if answer.status in {200, 201} and token:
            self._login_path = _local(answer.headers.get("location", ""), self.address.origin)
            return {"X-Auth-Token": token}
        if answer.status in {401, 403}:
            self._refuse()
        return self._basic()  # no sessions there, or none left

    def _basic(self) -> dict[str, str]:
        pair = f"{self._access.user}:{self._access.password}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}

    def _refuse(self) -> None:
        self._credential = None
        told = "the user name or the password" if self._access.user else "a request without user and password"
        error = DeviceRefused(f"cannot read {self.address}: it refuses {told}")
        if self._access.user:
            self._refusal = (asyncio.get_running_loop().time() + HUSH_S, error)
        raise error

    async def _drop(self) -> None:
        """Throw the connection away; what it is in the middle of, nobody knows. The login stays."""
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    def _must_be_fine(self, answer: Answer, path: str) -> None:
        status = answer.status
        if status == 200:
            return
        if status in {429, 503}:
            raise _Busy(f"cannot read {self.address}: it is busy with {path} ({status})", answer.wait_s)
        if 300 <= status < 400:
            where = answer.headers.get("location", "elsewhere")[:MAX_MESSAGE]
            raise DeviceRefused(f"cannot read {self.address}: it sends us from {path} to {where}")
        if status in {401, 403}:
            raise DeviceRefused(f"cannot read {self.address}: we may not read {path} ({answer.said})")
        raise DeviceGarbled(f"cannot read {self.address}: it fails at {path} ({answer.said})")

    def _decoded(self, answer: Answer, path: str) -> Body:
        try:
            body = msgspec.json.decode(answer.body)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            raise DeviceGarbled(f"cannot read {self.address}: {path} is not valid JSON ({error})") from None
        if not isinstance(body, dict):
            raise DeviceGarbled(f"cannot read {self.address}: {path} is not a resource but {type(body).__name__}")
        return body


def lease(
    sessions: Sessions[RedfishSession], address: RedfishAddress, access: Access, timeout_s: float
) -> Lease[RedfishSession]:
    """A hold on the session with a service, which all who talk to it share."""
    return Lease(sessions, address, access, lambda turn: RedfishSession(address, access, turn, timeout_s=timeout_s))


class _Busy(DeviceUnreachable):
    """It answers, and says not now."""

    def __init__(self, message: str, wait_s: float) -> None:
        super().__init__(message)
        self.wait_s = wait_s


def _local(location: str, origin: str) -> str:
    """A path of this service, or nothing: our token goes nowhere else."""
    path = location.removeprefix(origin)
    return path if path.startswith("/redfish/") else ""


def _graver(before: DeviceError | None, now: DeviceError) -> DeviceError:
    """A service that answered anything at all is not unreachable."""
    return before if isinstance(before, DeviceGarbled) else now
