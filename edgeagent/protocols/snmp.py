"""SNMP polling over gufo-snmp: one request in flight, own retries, and failures told apart.

What gufo 0.13 does not say, and what is done about it:
- it keeps quiet about an error-status: `get_many` gives an empty dict and `get` None. An empty answer is asked again
  in smaller parts (tooBig, or one object that the agent chokes on); a lone object without a value is absent;
- it gives TimeoutError at once for a closed port, which its time tells apart;
- a session never recovers from a new engine id, so a session that failed is thrown away;
- its decoder panics on some truncated answers, which pyo3 raises as a BaseException;
- `getbulk` follows an agent whose identifiers do not increase for ever, so progress is checked;
- under Python 3.11 asyncio.wait_for may swallow a cancellation, so it is looked for after each request.
"""

import asyncio
import ipaddress
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache, partial
from itertools import islice
from typing import TypeVar

from gufo.snmp import Aes128Key, NoSuchInstance, Sha256Key, SnmpAuthError, SnmpError, SnmpVersion
from gufo.snmp import User as GufoUser
from gufo.snmp.aio import SnmpSession as GufoSession
from gufo.snmp.user import KeyType

from edgeagent.model.errors import DeviceError, DeviceGarbled, DeviceRefused, DeviceUnreachable
from edgeagent.protocols.session import Turn
from edgeagent.protocols.snmp_address import Community, SnmpAddress, User

Raw = int | str | bytes | float | None
"""Integers, counters, gauges and ticks come as int, OCTET STRING as bytes, OBJECT IDENTIFIER as str."""

MAX_VARBINDS = 50
"""Objects per request; an agent that finds that too big is asked for fewer."""
LEAST_VARBINDS = 8
ROWS_PER_REQUEST = 25
MAX_ROWS = 1024
"""Rows of one walk; what is beyond is not read."""
MAX_LOOKUPS = 4
"""Names that are looked up at the same time; further ones wait."""
MAX_USERS = 64
"""Passwords whose keys are kept."""
OPENING_EXCHANGES = 3
"""v3 needs two exchanges (engine id, then its time) before the request itself (RFC 3414 section 4)."""

T = TypeVar("T")


class SnmpSession:
    """A conversation with one agent. It opens by itself, and anew after each failure.

    Every method raises DeviceUnreachable, DeviceRefused or DeviceGarbled after ``tries`` attempts of ``timeout_s``.
    """

    def __init__(
        self, address: SnmpAddress, access: Community | User, turn: Turn, *, timeout_s: float = 2.0, tries: int = 2
    ) -> None:
        self.address = address
        self.opened = 0
        """How often the conversation was opened anew; for tests and people."""
        self.engine_id = b""
        """Under which id the agent last spoke v3: it signs its traps with it."""
        self._access = access
        self._turn = turn
        self._timeout_s = timeout_s
        self._tries = tries
        self._limit = MAX_VARBINDS
        self._gufo: GufoSession | None = None

    @property
    def limit(self) -> int:
        """How many objects one request holds at present."""
        return self._limit

    async def get(self, oids: Sequence[str]) -> dict[str, Raw]:
        """The values of those objects that exist; the others are not in the answer."""
        found: dict[str, Raw] = {}
        parts = deque(_parts(oids, self._limit))
        while parts:
            part = parts.popleft()
            answer = await self._part(part)
            if not answer and len(part) > 1:
                parts.extendleft(reversed(self._smaller(part)))
            found.update(answer)
        return found

    async def walk(self, prefix: str, max_rows: int = MAX_ROWS) -> dict[str, Raw]:
        """The objects below ``prefix``, in the agent's order."""
        requests = 1 + max_rows // ROWS_PER_REQUEST
        return await self._request(lambda gufo: _walked(gufo, prefix, max_rows), exchanges=requests)

    async def close(self) -> None:
        """Forget the conversation; a later request opens it again."""
        self._gufo = None  # the socket closes with its last reference

    async def _part(self, part: list[str]) -> dict[str, Raw]:
        try:
            return await self._request(lambda gufo: _fetched(gufo, part))
        except DeviceGarbled:
            if len(part) <= LEAST_VARBINDS:
                raise
            return {}  # an answer longer than gufo's buffer looks like garbage: ask for less

    def _smaller(self, part: list[str]) -> list[list[str]]:
        size = LEAST_VARBINDS if len(part) > LEAST_VARBINDS else (len(part) + 1) // 2
        self._limit = min(self._limit, max(size, LEAST_VARBINDS))
        return list(_parts(part, size))

    async def _request(self, ask: Callable[[GufoSession], Awaitable[T]], exchanges: int = 1) -> T:
        async with self._turn.read():
            failure: DeviceError | None = None
            try:
                for _ in range(self._tries):
                    try:
                        return await self._once(ask, exchanges)
                    except DeviceError as error:
                        self._gufo = None
                        failure = _graver(failure, error)
                        if isinstance(error, _PortClosed):
                            break
                assert failure is not None
                raise failure
            finally:
                del (
                    failure
                )  # it knows this frame: together they would keep the session's socket open until a collection

    async def _once(self, ask: Callable[[GufoSession], Awaitable[T]], exchanges: int) -> T:
        task = asyncio.current_task()
        assert task is not None
        cancels = task.cancelling()
        begin_s = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(self._timeout_s * (exchanges + (0 if self._gufo else OPENING_EXCHANGES))):
                if self._gufo is None:
                    self._gufo = await self._opened()
                return await ask(self._gufo)
        except asyncio.CancelledError:
            self._gufo = None  # its answer may still come, and nobody will know whether it works
            raise
        except TimeoutError:
            raise self._silent(asyncio.get_running_loop().time() - begin_s) from None
        except SnmpAuthError:
            raise DeviceRefused(f"cannot read {self.address}: it refuses the user name or a key") from None
        except SnmpError as error:
            raise DeviceGarbled(f"cannot read {self.address}: its answer makes no sense ({error})") from None
        except OSError as error:
            raise DeviceUnreachable(f"cannot reach {self.address}: {error.strerror or error}") from None
        except BaseException as error:
            # Some broken answers make gufo's decoder panic; pyo3 raises that beside Exception, in a class without a
            # name to import.
            if type(error).__module__ != "pyo3_runtime":
                raise
            raise DeviceGarbled(f"cannot read {self.address}: its answer is broken, not valid SNMP") from None
        finally:
            if task.cancelling() > cancels:
                raise asyncio.CancelledError  # asyncio.wait_for swallowed it

    def _silent(self, took_s: float) -> DeviceUnreachable:
        if took_s < self._timeout_s / 2:
            return _PortClosed(f"cannot reach {self.address}: the host answers that nothing listens there")
        hint = "" if self.address.v3 else ", which is also how an agent treats a wrong community"
        return DeviceUnreachable(f"cannot reach {self.address}: no answer within {self._timeout_s:g} s{hint}")

    async def _opened(self) -> GufoSession:
        host = await resolved(self.address.host, self.address.port)
        gufo = _gufo_session(host, self.address.port, self._access, self._timeout_s)
        await gufo.refresh()
        if self.address.v3:
            self.engine_id = bytes(gufo.get_engine_id())
        self.opened += 1
        return gufo


class _Conversation(GufoSession):
    """gufo's session, which waits for an answer with one future and one timer.

    Its own `_recv` goes through asyncio.wait_for, which costs another turn of the loop for each answer; every device is
    asked each second. Should a release of gufo no longer call it, gufo's is used again.
    """

    async def _recv(self, receiver: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        while True:
            came: asyncio.Future[bool] = loop.create_future()
            timer = loop.call_later(self._timeout, _end, came, False)
            loop.add_reader(self._fd, _end, came, True)
            try:
                if not await came:
                    raise TimeoutError
                return receiver()
            except BlockingIOError:
                continue  # what came is not the answer
            finally:
                loop.remove_reader(self._fd)
                timer.cancel()


def _end(wait: asyncio.Future[T], result: T) -> None:
    if not wait.done():
        wait.set_result(result)


class _PortClosed(DeviceUnreachable):
    """Asking again at once is of no use."""


class _Unordered(SnmpError):
    """The agent's identifiers do not increase (RFC 3416 section 4.2.3)."""


def _gufo_session(host: str, port: int, access: Community | User, timeout_s: float) -> GufoSession:
    if isinstance(access, Community):
        return _Conversation(host, port, community=access.community, version=SnmpVersion.v2c, timeout=timeout_s)
    user = GufoUser(
        access.name,
        auth_key=Sha256Key(_master(access.auth_key), key_type=KeyType.Master),
        priv_key=Aes128Key(_master(access.priv_key), key_type=KeyType.Master),
    )
    return _Conversation(host, port, user=user, version=SnmpVersion.v3, timeout=timeout_s)


@lru_cache(maxsize=MAX_USERS)
def _master(password: str) -> bytes:
    """A password's key before it is made an engine's own (RFC 3414 section A.2): a hash over 1 MiB.

    It would hold the loop for milliseconds at each new conversation; a pod has few users.
    """
    return bytes(Sha256Key.get_master_key(password.encode()))


async def resolved(host: str, port: int) -> str:
    """The first address of a name; an address is its own. Raises OSError."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:  # a name
        ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_DGRAM)
        found = await asyncio.get_running_loop().run_in_executor(_resolvers(), ask)
        return str(found[0][4][0])


@cache
def _resolvers() -> ThreadPoolExecutor:
    """Threads for names only: a dead name server holds each for half a minute, and nobody can stop them. On the loop's
    own threads they would hold up devices that have no name, and the store.
    """
    return ThreadPoolExecutor(MAX_LOOKUPS, "resolve")


async def _fetched(gufo: GufoSession, oids: list[str]) -> dict[str, Raw]:
    if len(oids) > 1:
        answer: dict[str, Raw] = await gufo.get_many(oids)
        return answer
    try:
        value = await gufo.get(oids[0])
    except NoSuchInstance:
        return {}
    return {} if value is None else {oids[0]: value}


async def _walked(gufo: GufoSession, prefix: str, max_rows: int) -> dict[str, Raw]:
    rows: dict[str, Raw] = {}
    last: tuple[int, ...] = ()
    async for oid, value in gufo.getbulk(prefix, max_repetitions=ROWS_PER_REQUEST):
        place = tuple(map(int, oid.split(".")))
        if place <= last:
            raise _Unordered(f"{oid} follows {'.'.join(map(str, last))}")
        rows[oid], last = value, place
        if len(rows) >= max_rows:
            break
    return rows


def _parts(oids: Iterable[str], size: int) -> Iterable[list[str]]:
    rest = iter(oids)
    while part := list(islice(rest, size)):
        yield part


def _graver(before: DeviceError | None, now: DeviceError) -> DeviceError:
    """A device that answered anything at all is not unreachable."""
    order = (DeviceUnreachable, DeviceRefused, DeviceGarbled)
    rank = [next((i for i, kind in enumerate(order) if isinstance(one, kind)), -1) for one in (before, now)]
    return before if before is not None and rank[0] > rank[1] else now
