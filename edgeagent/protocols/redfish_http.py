"""One HTTP exchange with a Redfish service: bounded in time and size, its failures named.

It is imported by the first session that opens, so that a pod without Redfish pays nothing for it.
"""

import asyncio
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial

import aiohttp
import aiohttp.abc

from edgeagent.model.errors import DeviceGarbled, DeviceRefused, DeviceUnreachable
from edgeagent.protocols.redfish_address import Access, RedfishAddress
from edgeagent.protocols.redfish_answer import Answer, NotSent

MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_LOOKUPS = 4
"""Names that are looked up at the same time; further ones wait."""
HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "OData-Version": "4.0"}


class Http:
    """One connection at a time to one service. It follows no redirection, takes no cookie and knows no proxy."""

    def __init__(self, address: RedfishAddress, trust: "ssl.SSLContext | aiohttp.Fingerprint | bool") -> None:
        self._address = address
        connector = aiohttp.TCPConnector(limit=1, ssl=trust, resolver=_Names(), use_dns_cache=False)
        self._client = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=HEADERS,
            timeout=aiohttp.ClientTimeout(total=None),
            trust_env=False,
        )

    async def exchange(
        self, method: str, path: str, *, timeout_s: float, headers: dict[str, str], body: bytes | None = None
    ) -> Answer:
        """Ask once.

        Raises:
            NotSent: nothing was asked. DeviceUnreachable: it was, and there is no answer.
            DeviceRefused: its certificate is not believed. DeviceGarbled: the answer is no HTTP, or too long.
        """
        try:
            async with asyncio.timeout(timeout_s):
                return await self._exchange(method, path, headers, body)
        except TimeoutError:
            raise DeviceUnreachable(f"cannot reach {self._address}: no answer within {timeout_s:g} s") from None
        except aiohttp.ServerFingerprintMismatch as error:
            raise DeviceRefused(
                f"cannot trust {self._address}: its certificate is sha256:{error.got.hex()}, not the fingerprint"
            ) from None
        except aiohttp.ClientConnectorCertificateError as error:
            why = getattr(error.certificate_error, "verify_message", "") or error.certificate_error
            raise DeviceRefused(
                f"cannot trust {self._address}: its certificate is not believed ({why}); give ca or fingerprint"
            ) from None
        except aiohttp.ClientSSLError:
            raise DeviceGarbled(
                f"cannot read {self._address}: it does not speak TLS as we do; redfish+http:// is without"
            ) from None
        except aiohttp.ClientConnectorError as error:
            raise NotSent(f"cannot reach {self._address}: {error.os_error.strerror or error.os_error}") from None
        except (aiohttp.ServerConnectionError, aiohttp.ClientOSError) as error:
            raise DeviceUnreachable(f"cannot reach {self._address}: it hung up ({_words(error)})") from None
        except (aiohttp.ClientError, ValueError) as error:
            raise DeviceGarbled(
                f"cannot read {self._address}: its answer is not valid HTTP ({_words(error)})"
            ) from None

    async def close(self) -> None:
        """Let go of the connection; safe twice."""
        await self._client.close()

    async def _exchange(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> Answer:
        url = self._address.origin + path
        async with self._client.request(method, url, headers=headers, data=body, allow_redirects=False) as response:
            content = await self._content(response.content, path)
            return Answer(response.status, {name.lower(): value for name, value in response.headers.items()}, content)

    async def _content(self, stream: aiohttp.StreamReader, path: str) -> bytes:
        found = bytearray()
        async for chunk in stream.iter_any():
            found += chunk
            if len(found) > MAX_BODY_BYTES:
                limit = f"{MAX_BODY_BYTES // 1024**2} MiB"
                raise DeviceGarbled(f"cannot read {self._address}: {path} is longer than {limit}")
        return bytes(found)


async def opened(address: RedfishAddress, access: Access) -> Http:
    """A connection that is opened by its first exchange. Raises DeviceRefused where the CA file cannot be read."""
    if not address.tls:
        return Http(address, trust=True)
    if access.fingerprint is not None:
        return Http(address, aiohttp.Fingerprint(access.fingerprint))
    try:
        # Reading the certificates of all authorities takes 20 ms and more: not on the loop.
        context = await asyncio.to_thread(ssl.create_default_context, cafile=access.ca)
    except (OSError, ssl.SSLError) as error:
        raise DeviceRefused(f"cannot use the certificates in {access.ca}: {error}") from None
    return Http(address, context)


class _Names(aiohttp.abc.AbstractResolver):
    """Names are looked up on threads of their own: a dead name server holds each for half a minute."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[aiohttp.abc.ResolveResult]:
        ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM, family=family)
        found = await asyncio.get_running_loop().run_in_executor(_resolvers(), ask)
        return [
            aiohttp.abc.ResolveResult(
                hostname=host, host=str(place[0]), port=int(place[1]), family=kind, proto=proto, flags=0
            )
            for kind, _, proto, _, place in found
        ]

    async def close(self) -> None:
        """Nothing is held."""


@cache
def _resolvers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MAX_LOOKUPS, "resolve")


def _words(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:120]
