"""Files a page needs, all from this service: our own from ``api/rendering/static``, others' from ``node_modules``.

Nothing is fetched from another host. Of ``node_modules`` only the files named here are handed out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response

from api.web.compression import BROTLI, GZIP, ZSTD, compress
from api.web.preferences import IDENTITY, choose_encoding
from layers.errors import NotFound

OWN: Final = Path(__file__).parent / "static"
PACKAGES: Final = Path(__file__).parents[2] / "node_modules"
VENDOR_FILES: Final = frozenset(
    {
        "@maplibre/maplibre-gl-leaflet/leaflet-maplibre-gl.js",
        "geographiclib-geodesic/geographiclib-geodesic.min.js",
        "leaflet/dist/leaflet.css",
        "leaflet/dist/leaflet.js",
        "maplibre-gl/dist/maplibre-gl-csp-worker.js",
        "maplibre-gl/dist/maplibre-gl-csp.js",
        "maplibre-gl/dist/maplibre-gl.css",
        "swagger-ui-dist/swagger-ui-bundle.js",
        "swagger-ui-dist/swagger-ui.css",
    }
)
# By suffix; a system's own table of media types calls scripts by several names.
MEDIA_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png"}
_COMPRESSED: Final = frozenset({".css", ".js", ".svg"})  # suffixes of files that gain by compression
CODED: Final = (BROTLI, ZSTD, GZIP)  # codings of a file that is compressed once, the smallest first
_VERSION_LENGTH: Final = 12  # hex digits of the content digest in an address

router = APIRouter(prefix="/static", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, read once: its bytes, the same by coding (none where that gains nothing), and its version."""

    body: bytes
    coded: Mapping[str, bytes]
    media_type: str
    version: str


def asset(name: str) -> Asset:
    """Return a file by its name below ``/static/``; ``vendor/<package>/<path>`` for an npm package's.

    Raises
    ------
    NotFound : the file is not one of those handed out, or its package is not installed.
    """
    vendor = name.removeprefix("vendor/")
    if vendor != name:
        if vendor not in VENDOR_FILES:
            raise NotFound(f"There is no file {name!r}.")
        path = PACKAGES / vendor
        if not path.is_file():
            raise NotFound(f"The file {name!r} is not installed; run npm ci.")
    else:
        path = OWN / name
        if not path.resolve().is_relative_to(OWN) or not path.is_file():
            raise NotFound(f"There is no file {name!r}.")
    return _read(path, path.stat().st_mtime_ns)


def address(base: str, name: str) -> str:
    """Return the address of a file under ``base`` (the service's root path), with its version for long caching."""
    return f"{base}/static/{name}?v={asset(name).version}"


def unversioned(base: str, name: str) -> str:
    """Return the address of a module as another one imports it, by its place beside it: asked again at every visit."""
    return f"{base}/static/{name}"


@router.get("/{name:path}")
def get_asset(request: Request, name: str, v: str | None = None) -> Response:
    """Return one file; for ever under an address that carries its version, otherwise to be asked again."""
    found = asset(name)
    headers = {
        "Vary": "Accept-Encoding",
        "Cache-Control": "public, max-age=31536000, immutable" if v == found.version else "no-cache",
    }
    body = found.body
    coding = choose_encoding(request.headers.get("accept-encoding"), tuple(found.coded))
    if coding != IDENTITY:
        headers["Content-Encoding"] = coding
        body = found.coded[coding]
    headers["ETag"] = f'"{found.version}{"" if coding == IDENTITY else f"-{coding}"}"'
    return Response(body, media_type=found.media_type, headers=headers)


@lru_cache(maxsize=128)
def _read(path: Path, changed: int) -> Asset:  # noqa: ARG001 (a changed file is read again)
    body = path.read_bytes()
    coded = {coding: compress(body, coding, once=True) for coding in CODED if path.suffix in _COMPRESSED}
    media_type = MEDIA_TYPES.get(path.suffix, "application/octet-stream")
    return Asset(body, coded, media_type, hashlib.sha256(body).hexdigest()[:_VERSION_LENGTH])
