"""The page's files: read once, compressed once, told apart by their content."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

TYPES: Mapping[str, str] = {
    "html": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file as it is sent; ``etag`` changes exactly when the content does."""

    path: str
    content_type: str
    body: bytes
    packed: bytes
    etag: str


def load_pages() -> Mapping[str, PageFile]:
    """Every file of ``pages/`` by the path under which it is served; ``index.html`` is ``/``."""
    found = (_page(entry.name, entry.read_bytes()) for entry in files("edgeagent.api").joinpath("pages").iterdir())
    return {page.path: page for page in found}


def _page(name: str, body: bytes) -> PageFile:
    return PageFile(
        path="/" if name == "index.html" else f"/page/{name}",
        content_type=TYPES[name.rpartition(".")[2]],
        body=body,
        packed=gzip.compress(body, 9, mtime=0),
        etag=hashlib.sha256(body).hexdigest()[:24],
    )
