"""Our own HTTP client: a file from an address comes whole or not at all, goes on where it was cut, and costs no more.

Whoever answers decides nothing here: not where else to look, not how much to send, not what the file is.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from layers.errors import SourceUnavailable
from layers.sources.declaration import is_guarded

TRIES = 5
PAUSE_S = 2.0  # seconds before the second try; doubled with each
LONGEST_PAUSE_S = 300.0  # seconds; who asks for more is left for another day
CONNECT_S, READ_S = 20.0, 60.0  # seconds for a connection, and for the next piece
REDIRECTS = 5
BLOCK = 1 << 16
ANSWER_BYTES = 64 << 20  # the largest JSON or XML that is read whole; a list of tiles of the world is 10 MB
BUSY = (429, 502, 503, 504)
PART = ".part"  # suffix of a file that is on its way; beside it lies what it is a part of
PART_OF = ".part.json"
HTML = (b"<!doctype html", b"<html")


class NotThere(SourceUnavailable):
    """The server knows no file at that address."""


@dataclass(frozen=True, slots=True)
class Version:
    """What a server says of a file, and what came of it.

    etag, modified : validators of HTTP, "" where the server gives none. sha256 : of the content, hexadecimal.
    day : YYYY-MM-DD, of the content as the server says, else of the day it came.
    """

    url: str
    etag: str = ""
    modified: str = ""
    size: int = 0
    sha256: str = ""
    day: str = ""


class Budget:
    """Bytes that may still come."""

    def __init__(self, most: int) -> None:
        self.most = self.left = most

    def take(self, count: int) -> None:
        """Count some bytes; raises SourceUnavailable when there are too many."""
        self.left -= count
        if self.left < 0:
            raise SourceUnavailable(
                f"More than {self.most / 1e9:g} GB would come, which OBOD_FETCH_GB allows; what has come is kept, and "
                "the same command goes on there."
            )


class Client:
    """Asks addresses, with patience and within a budget.

    Parameters
    ----------
    budget : of all that is asked with this client.
    wait : sleeps so many seconds.
    """

    def __init__(self, budget: Budget, wait: Callable[[float], None] = time.sleep) -> None:
        self._budget = budget
        self._wait = wait
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=CONNECT_S, read=READ_S),
            retries=False,
            headers={"User-Agent": "obod/0.2 (land and water planning)", "Accept-Encoding": "identity"},
        )

    def close(self) -> None:
        """Close all connections."""
        self._pool.clear()

    def ask(self, url: str, hosts: Collection[str]) -> bytes:
        """Return a small answer whole: JSON, XML, a list of sums.

        Raises
        ------
        SourceUnavailable : there is none, or it is a page for people, or too large.
        """
        response = self._open("GET", url, hosts, {})
        try:
            _require(response, url, (200,))
            content = b""
            while block := response.read(BLOCK):
                self._budget.take(len(block))
                content += block
                if len(content) > ANSWER_BYTES:
                    raise SourceUnavailable(f"The answer of {_host(url)} is longer than a list of files can be.")
        except HTTPError:
            raise SourceUnavailable(f"The answer of {_host(url)} was cut.") from None
        finally:
            response.close()
        _refuse_page(content, response, url)
        return content

    def measure(self, url: str, hosts: Collection[str]) -> int | None:
        """Return how many bytes a file has, None where the server does not say. Raises SourceUnavailable."""
        response = self._open("HEAD", url, hosts, {})
        try:
            if response.status in (403, 405, 501):  # signed addresses and some servers take no HEAD
                return None
            _require(response, url, (200,))
            length = response.headers.get("Content-Length", "")
            return int(length) if length.isdigit() else None
        finally:
            response.close()

    def fetch(
        self, url: str, hosts: Collection[str], target: Path, *, known: Version | None = None, checksum: str = ""
    ) -> Version | None:
        """Bring a file to its place; return what it is, None where the server says it is as ``known``.

        Parameters
        ----------
        known : the version that lies at ``target``. checksum : ``md5:`` or ``sha256:`` and the sum it must have.

        Raises
        ------
        SourceUnavailable : it does not come, or is not what was asked for; ``target`` is as before.
        """
        part, note = target.with_name(target.name + PART), target.with_name(target.name + PART_OF)
        for attempt in range(TRIES):
            begun = _begun(part, note, url)
            response = self._open("GET", url, hosts, _conditions(begun, part, known))
            try:
                if response.status == 304 and known is not None and begun is None:
                    return None
                version = self._receive(response, url, part, note, begun)
            except HTTPError:  # cut; what has come is kept
                self._pause(attempt, url, None)
                continue
            finally:
                response.close()
            if version is None:  # the part belongs to another version of the file
                part.unlink(missing_ok=True)
                continue
            _check_sum(part, checksum, url)
            with part.open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
            size = part.stat().st_size
            part.replace(target)
            note.unlink(missing_ok=True)
            return Version(url, version.etag, version.modified, size, digest, _day(version.modified))
        raise SourceUnavailable(f"{_named(url)} did not come whole in {TRIES} tries; the same command goes on there.")

    def _receive(self, response: Any, url: str, part: Path, note: Path, begun: Version | None) -> Version | None:
        """Write what comes; None where it does not go on from what has come before."""
        said = Version(url, response.headers.get("ETag", ""), response.headers.get("Last-Modified", ""))
        done = part.stat().st_size if begun is not None else 0
        if begun is not None and response.status == 416:
            return None
        _require(response, url, (200, 206) if begun is not None else (200,))
        if response.status == 206:
            start = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
            same = begun is not None and (said.etag, said.modified) == (begun.etag, begun.modified)
            if not same or start != str(done):
                return None
        first = response.read1(BLOCK)
        if response.status == 200:
            _refuse_page(first, response, url)
            part.unlink(missing_ok=True)  # of another version: never beside the note of this one
            note.write_text(json.dumps(asdict(said)))
        with part.open("ab" if response.status == 206 else "wb") as file:
            while first:
                self._budget.take(len(first))
                file.write(first)
                first = response.read1(BLOCK)
        return said

    def _open(self, method: str, url: str, hosts: Collection[str], headers: Mapping[str, str]) -> Any:
        """Return an answer that is not to be waited for: status and headers have come, its body has not."""
        for attempt in range(TRIES):
            try:
                response = self._follow(method, url, hosts, headers)
            except HTTPError:
                if attempt == TRIES - 1:
                    break
                self._pause(attempt, url, None)
                continue
            if response.status not in BUSY:
                return response
            response.close()
            self._pause(attempt, url, response.headers.get("Retry-After"))
        raise SourceUnavailable(f"{_host(url)} does not answer.")

    def _follow(self, method: str, url: str, hosts: Collection[str], headers: Mapping[str, str]) -> Any:
        """Ask, and follow where an answer leads, to hosts that were named."""
        asked = url
        for _ in range(REDIRECTS):
            place = urlsplit(asked)
            if place.hostname not in hosts or not is_guarded(asked):
                raise SourceUnavailable(
                    f"{_host(url)} leads to {place.scheme}://{place.hostname}, which its source does not name; if that "
                    "is right, name it among the hosts in OBOD_HOME/sources."
                )
            response = self._pool.request(
                method, asked, headers={**self._pool.headers, **headers}, preload_content=False, redirect=False
            )
            leads = response.get_redirect_location()
            if not leads:
                return response
            response.close()
            asked = urljoin(asked, str(leads))
        raise SourceUnavailable(f"{_host(url)} leads from address to address without end.")

    def _pause(self, attempt: int, url: str, asked: str | None) -> None:
        """Wait before the next try, as long as the server asks for."""
        pause = _seconds(asked)
        if pause is None:
            pause = PAUSE_S * 2**attempt
        if pause > LONGEST_PAUSE_S:
            raise SourceUnavailable(f"{_host(url)} is busy and asks to come back in {pause / 60:.0f} minutes.")
        if attempt < TRIES - 1:
            self._wait(pause)


def _begun(part: Path, note: Path, url: str) -> Version | None:
    """Return what version a part that has come belongs to; None where that is not known, and it begins anew."""
    try:
        version = Version(**json.loads(note.read_text()))
    except (OSError, ValueError, TypeError):
        return None
    strong = version.etag and not version.etag.startswith("W/")
    if version.url != url or not (strong or version.modified) or not part.is_file() or not part.stat().st_size:
        return None
    return version


def _conditions(begun: Version | None, part: Path, known: Version | None) -> dict[str, str]:
    """Headers that ask for the rest of a part, or for a file only where it is another than is known."""
    if begun is not None:
        strong = begun.etag and not begun.etag.startswith("W/")
        return {"Range": f"bytes={part.stat().st_size}-", "If-Range": begun.etag if strong else begun.modified}
    if known is not None and known.etag:
        return {"If-None-Match": known.etag}
    if known is not None and known.modified:
        return {"If-Modified-Since": known.modified}
    return {}


def _require(response: Any, url: str, wanted: tuple[int, ...]) -> None:
    if response.status in (404, 410):
        raise NotThere(f"{_named(url)}: {_host(url)} has no such file.")
    if response.status not in wanted:
        raise SourceUnavailable(f"{_named(url)}: {_host(url)} answers with status {response.status}.")


def _refuse_page(content: bytes, response: Any, url: str) -> None:
    """Refuse a page for people: portals answer with one where a file has moved or a login is wanted."""
    is_page = response.headers.get("Content-Type", "").casefold().startswith("text/html")
    if is_page or content[:512].lstrip().lower().startswith(HTML):
        raise SourceUnavailable(f"{_named(url)}: {_host(url)} answers with a page for people instead of the file.")


def _check_sum(part: Path, checksum: str, url: str) -> None:
    kind, _, wanted = checksum.partition(":")
    if not wanted:
        return
    with part.open("rb") as opened:
        found = hashlib.file_digest(opened, kind).hexdigest()
    if found != wanted.casefold():
        part.unlink()
        raise SourceUnavailable(f"{_named(url)} has not the checksum that is published for it; nothing of it was kept.")


def _seconds(asked: str | None) -> float | None:
    """Seconds that Retry-After asks for, as a number or a date; None where it says nothing."""
    if asked is None:
        return None
    if asked.strip().isdigit():
        return float(asked)
    try:
        return max((parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return None


def _day(modified: str) -> str:
    try:
        return parsedate_to_datetime(modified).date().isoformat()
    except (ValueError, TypeError):
        return datetime.now(UTC).date().isoformat()


def _host(url: str) -> str:
    return urlsplit(url).hostname or "the address"


def _named(url: str) -> str:
    return urlsplit(url).path.rpartition("/")[2] or _host(url)
