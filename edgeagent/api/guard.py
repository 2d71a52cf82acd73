"""What every request over TCP must pass, and the headers that every answer bears.

A loopback port is reachable from any web page that a local browser shows. Such a page gets no answer: by the name it
asks for (DNS rebinding), or by what the browser tells of where the request comes from.
"""

import ipaddress
from collections.abc import Awaitable, Callable

from aiohttp import web

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
FOREIGN = ("cross-site", "same-site")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse foreign names and foreign pages; the Unix socket has its own rights and needs neither."""
    if _came_by_tcp(request) and not is_loopback(request.headers.get("Host", "")):
        raise web.HTTPMisdirectedRequest(
            text="cannot answer: ask for 127.0.0.1, [::1] or localhost; this pod answers to no other name\n"
        )
    if request.headers.get("Sec-Fetch-Site") in FOREIGN and request.headers.get("Sec-Fetch-Mode") != "navigate":
        raise web.HTTPForbidden(text="cannot answer: another site's page asks\n")
    return await handler(request)


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Just before an answer is sent."""
    response.headers.update(HEADERS)
    response.headers["Server"] = "edgeagent"
    response.headers.setdefault("Cache-Control", "no-store")


def is_loopback(host: str) -> bool:
    """Whether a Host header names this machine by an address that no DNS can redirect; any port, as tunnels have."""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _came_by_tcp(request: web.Request) -> bool:
    return request.transport is None or isinstance(request.transport.get_extra_info("sockname"), tuple)
