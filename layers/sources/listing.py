"""From an address to files: what a template, a VRT, a catalogue or a list of a store leads to, for one box.

Answers are read as data: JSON and XML by parsers that know no other file, names of files by pattern. A VRT is read for
the names of its tiles and never opened.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urljoin, urlsplit, urlunsplit
from xml.etree import ElementTree

from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from layers.errors import SourceUnavailable
from layers.sources.client import Client
from layers.sources.declaration import Address, Source

Box = tuple[float, float, float, float]  # west, south, east, north, degrees

PAGES = 200  # pages of an answer that are read
ITSELF = "item"  # as an asset: the item of a STAC catalogue itself, which says how its bands are to be read
S3 = "{http://s3.amazonaws.com/doc/2006-03-01/}"


@dataclass(frozen=True, slots=True)
class Remote:
    """A file at an address.

    name : under which it is kept. checksum : ``md5:`` or ``sha256:`` and the sum, "" where none is published.
    mb : about how large it is. may_lack : that it is not there is no fault. licence : where an answer states it.
    """

    url: str
    name: str
    mb: float
    checksum: str = ""
    may_lack: bool = False
    licence: str = ""


def find_files(client: Client, source: Source, address: Address, box: Box) -> list[Remote]:
    """Return the files of an address for a box, in a fixed order.

    Raises
    ------
    SourceUnavailable : what is asked does not answer as its kind does, or there is no file for the box.
    """
    hosts = source.hosts(address)
    found: list[Remote] = []
    for url in _addresses(address, box):
        if address.found_by in ("file", "tiles"):
            checksum = "" if address.checksum == "rolling" else address.checksum
            found.append(Remote(url, _name(address, url), address.mb, checksum, address.tile_gaps))
        else:
            found.extend(_ANSWERS[address.found_by](client, address, url, hosts, box))
    found = list({remote.name: remote for remote in found}.values())
    if not found:
        raise SourceUnavailable(f"{source.title} has no file for this place.")
    return [_with_sum(client, remote, hosts) for remote in found]


def _addresses(address: Address, box: Box) -> Iterator[str]:
    """Fill the placeholders of an address with all their values, and with the corners of the tiles in the box."""
    west, south = (math.floor(value * 100) / 100 for value in box[:2])
    east, north = (math.ceil(value * 100) / 100 for value in box[2:])
    for values in itertools.product(*address.values.values()):
        said: dict[str, Any] = dict(zip(address.values, values, strict=True))
        said |= {"west": west, "south": south, "east": east, "north": north}
        if address.tile_degrees is None:
            yield address.uri.format(**said)
            continue
        side = address.tile_degrees
        for row in range(math.floor(box[1] / side), math.ceil(box[3] / side)):
            for column in range(math.floor(box[0] / side), math.ceil(box[2] / side)):
                lat = row * side + (side if address.tile_corner == "north-west" else 0)
                lon = column * side
                corner = {"ns": "N" if lat >= 0 else "S", "ew": "E" if lon >= 0 else "W"}
                yield address.uri.format(**said, **corner, lat=abs(lat), lon=abs(lon))


def names_by_values(address: Address) -> dict[str, list[tuple[str | int, ...]]]:
    """Return which values of an address each of its files stands for, by the name it is kept under."""
    found: dict[str, list[tuple[str | int, ...]]] = {}
    for values in itertools.product(*address.values.values()):
        url = address.uri.format(**dict(zip(address.values, values, strict=True)))
        found.setdefault(_name(address, url), []).append(values)
    return found


def _name(address: Address, url: str) -> str:
    """The last part of an address, or the name that is declared for it; nothing that could lead elsewhere."""
    name = address.name or unquote(PurePosixPath(urlsplit(url).path).name)
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name).lstrip(".") or "file"


def _with_sum(client: Client, remote: Remote, hosts: frozenset[str]) -> Remote:
    """Read the sum that is published beside a file."""
    kind, _, place = remote.checksum.partition(":")
    if kind != "beside":
        return remote
    lines = client.ask(place, hosts).decode("utf-8", errors="replace").split("\n")
    sums = {line.split()[-1].lstrip("*"): line.split()[0] for line in lines if line.strip()}
    found = sums.get(PurePosixPath(urlsplit(remote.url).path).name, next(iter(sums.values())) if len(sums) == 1 else "")
    kind = {32: "md5", 64: "sha256"}.get(len(found), "")
    if not kind or set(found.casefold()) - set("0123456789abcdef"):
        raise SourceUnavailable(f"{remote.name}: no checksum stands at the address where it should be published.")
    return Remote(remote.url, remote.name, remote.mb, f"{kind}:{found}")


def _of_vrt(client: Client, address: Address, url: str, hosts: frozenset[str], box: Box) -> Iterator[Remote]:
    """Tiles of a VRT that reach into the box."""
    root = _xml(client.ask(url, hosts), url)
    try:
        crs = CRS.from_user_input((root.findtext("SRS") or "").strip())
        x0, dx, _, y0, _, dy = (float(value) for value in (root.findtext("GeoTransform") or "").split(","))
        here = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform_bounds(*box, densify_pts=21)
        for tile in root.iter():
            if tile.tag not in ("SimpleSource", "ComplexSource"):
                continue
            at = {key: float(value) for key, value in tile.findall("DstRect")[0].attrib.items()}
            left, right = x0 + dx * at["xOff"], x0 + dx * (at["xOff"] + at["xSize"])
            top, bottom = y0 + dy * at["yOff"], y0 + dy * (at["yOff"] + at["ySize"])
            if left < here[2] and right > here[0] and bottom < here[3] and top > here[1]:
                name = (tile.findtext("SourceFilename") or "").strip()
                leads = urljoin(url, quote(name.removeprefix("./"), safe="/-_.~"))
                yield Remote(leads, _name(address, leads), address.mb)
    except (CRSError, ValueError, KeyError, IndexError):
        raise SourceUnavailable(f"{_name(address, url)} is no VRT with a place and tiles.") from None


def _of_stac(client: Client, address: Address, url: str, hosts: frozenset[str], box: Box) -> Iterator[Remote]:  # noqa: ARG001
    """Assets of the items of a STAC search, page after page."""
    for asked, item in _clearest(list(_items(client, url, hosts)), address.clearest):
        for asset in address.assets:
            href = _linked(item, "self") if asset == ITSELF else item.get("assets", {}).get(asset, {}).get("href")
            if isinstance(href, str):
                leads = urljoin(asked, href)
                suffix = ".json" if asset == ITSELF else _suffix(leads)
                yield Remote(leads, _name(address, f"{item.get('id', 'item')}-{asset}{suffix}"), address.mb)


def _items(client: Client, url: str, hosts: frozenset[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Items of a STAC search with the address of the page that has them."""
    asked: str | None = url
    for _ in range(PAGES):
        if asked is None:
            return
        page = _json(client.ask(asked, hosts), url)
        for item in _list(page, "features", url):
            yield asked, item
        following = _linked(page, "next")
        asked = None if following is None else urljoin(asked, following)
    raise SourceUnavailable(f"The list of {urlsplit(url).hostname} has more than {PAGES} pages.")


def _linked(of: dict[str, Any], relation: str) -> str | None:
    """Address of the first link of a kind."""
    links = [link for link in of.get("links", []) if isinstance(link, dict) and link.get("rel") == relation]
    return str(links[0].get("href")) if links else None


def _clearest(items: list[tuple[str, dict[str, Any]]], count: int | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """So many items of each tile, those under least cloud and with least of the tile missing; all if not said."""
    tiles: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for entry in items:
        about = entry[1].get("properties") or {}
        tiles.setdefault(str(about.get("grid:code", "")), []).append(entry)
    for _, found in sorted(tiles.items()):
        ordered = found if count is None else sorted(found, key=lambda entry: _hidden(entry[1]))
        yield from ordered[:count]


def _hidden(item: dict[str, Any]) -> tuple[float, str]:
    """How much of a tile an item does not show, %; what it does not say counts as all."""
    about = item.get("properties") or {}
    said = (about.get("eo:cloud_cover"), about.get("s2:nodata_pixel_percentage", 0.0))
    known = all(isinstance(share, int | float) for share in said)
    return (sum(said) if known else 200.0, str(item.get("id", "")))


def _of_ckan(client: Client, address: Address, url: str, hosts: frozenset[str], box: Box) -> Iterator[Remote]:  # noqa: ARG001
    """Resources of a package of CKAN whose name, or whose file's name, fits."""
    answer = _json(client.ask(url, hosts), url)
    package = answer.get("result")
    if answer.get("success") is not True or not isinstance(package, dict):
        raise SourceUnavailable(f"{urlsplit(url).hostname} does not know the package that is asked for.")
    for resource in _list(package, "resources", url):
        leads = resource.get("url")
        names = (str(resource.get("name", "")), _name(address, str(leads)))
        if isinstance(leads, str) and any(address.fits(name) for name in names):
            yield Remote(leads, _name(address, leads), address.mb, licence=str(package.get("license_title") or ""))


def _of_geoboundaries(client: Client, address: Address, url: str, hosts: frozenset[str], box: Box) -> Iterator[Remote]:  # noqa: ARG001
    """The GeoJSON that an answer of geoBoundaries names; the licence is that of the single boundary."""
    answer = _json(client.ask(url, hosts), url)
    leads = answer.get("gjDownloadURL")
    if not isinstance(leads, str):
        raise SourceUnavailable(f"{urlsplit(url).hostname} names no file of the boundary.")
    yield Remote(leads, _name(address, leads), address.mb, licence=str(answer.get("boundaryLicense") or ""))


def _of_s3(client: Client, address: Address, url: str, hosts: frozenset[str], box: Box) -> Iterator[Remote]:  # noqa: ARG001
    """Objects of a store whose name fits, page after page; an ETag of one part is its MD5."""
    parts = urlsplit(url)
    asked = url
    for _ in range(PAGES):
        root = _xml(client.ask(asked, hosts), url)
        for entry in root.iter(f"{S3}Contents"):
            key, etag = entry.findtext(f"{S3}Key") or "", (entry.findtext(f"{S3}ETag") or "").strip('"')
            if not address.fits(PurePosixPath(key).name):
                continue
            leads = urlunsplit((parts.scheme, parts.netloc, parts.path + quote(key), "", ""))
            size = entry.findtext(f"{S3}Size") or ""
            checksum = f"md5:{etag}" if len(etag) == 32 else ""  # that of several parts has their number behind a dash
            yield Remote(leads, _name(address, leads), int(size) / 1e6 if size.isdigit() else address.mb, checksum)
        token = root.findtext(f"{S3}NextContinuationToken")
        if root.findtext(f"{S3}IsTruncated") != "true" or not token:
            return
        query = urlencode([*parse_qsl(parts.query), ("continuation-token", token)])
        asked = urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
    raise SourceUnavailable(f"The list of {parts.hostname} has more than {PAGES} pages.")


_ANSWERS = {"vrt": _of_vrt, "stac": _of_stac, "ckan": _of_ckan, "geoboundaries": _of_geoboundaries, "s3": _of_s3}


def _suffix(url: str) -> str:
    return PurePosixPath(urlsplit(url).path).suffix


def _json(content: bytes, url: str) -> dict[str, Any]:
    try:
        answer = json.loads(content)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise SourceUnavailable(f"{urlsplit(url).hostname} does not answer in JSON.")
    return answer


def _list(answer: dict[str, Any], name: str, url: str) -> list[dict[str, Any]]:
    found = answer.get(name)
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise SourceUnavailable(f"The answer of {urlsplit(url).hostname} has no list of {name}.")
    return found


def _xml(content: bytes, url: str) -> ElementTree.Element:
    """Parse XML without a document type, which is where entities are defined and other files are named."""
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise SourceUnavailable(f"The answer of {urlsplit(url).hostname} has a document type; expected plain XML.")
    try:
        return ElementTree.fromstring(content)  # noqa: S314 - without a document type there is nothing to expand
    except ElementTree.ParseError:
        raise SourceUnavailable(f"{urlsplit(url).hostname} does not answer in XML.") from None
