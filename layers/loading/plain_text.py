"""Texts that format libraries cannot read as they are, made ones that they can: UTF-8, and no digit is lost."""

from __future__ import annotations

import codecs
import mmap
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from layers.errors import DataRefused
from layers.loading.encodings import TextDecoder
from layers.loading.kinds import GEOJSON, KML, NULL_MARK, UTF16, Kind

PART = 1 << 20  # bytes copied at once
UTF8_MARK = codecs.BOM_UTF8
DECLARATION = re.compile(rb"""\A\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["'][^>]*\?>""")
KNOWN_TO_XML = ("utf-8", "ascii")  # encodings that need no change; of others the XML library knows few

# A text in quotes, or a whole number of 19 digits and more: 2^63 has 19. JSON sets no limit; the library does.
LONG = re.compile(rb'"(?:[^"\\]|\\.)*"|(?<![\d.eE+])-?\d{19,}(?![\d.eE])', re.DOTALL)
LONG_SOMEWHERE = re.compile(rb"(?<![\d.])\d{19,}(?![\d.])")
NULL_ESCAPE = rb"\u0000"
NULL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  # of JSON; a backslash that is escaped begins no escape


def make_readable(path: Path, kind: Kind, name: str, encoding: str | None = None) -> None:
    """Put in the place of a link to a text its like that the library of its kind reads, where it would not read it.

    Whole numbers of 19 digits and more become texts: exact, where a number would be rounded or refused. Null characters
    become ``NULL_MARK``, where a text would end and lose the rest.
    ``encoding`` : of an XML that is not in the one it says.

    Raises
    ------
    DataRefused : the text is not in the encoding it says.
    """
    if kind in (GEOJSON, KML):
        _make_utf8(path, kind, name, encoding)
    if kind is GEOJSON:
        _mark_nulls(path)
        _quote_long_numbers(path)


def _make_utf8(path: Path, kind: Kind, name: str, encoding: str | None) -> None:
    with path.open("rb") as opened:
        head = opened.read(PART)
    codec = "utf-16" if head.startswith(UTF16) else None
    declared = DECLARATION.match(head.removeprefix(UTF8_MARK)) if kind is KML and codec is None else None
    if declared is not None:
        try:
            said = codecs.lookup(declared[1].decode()).name
        except LookupError:
            raise DataRefused(f"{name} says an encoding that there is not: {declared[1].decode()[:30]}.") from None
        codec = None if said in KNOWN_TO_XML else said
    if kind is KML and codec is None and not _is_utf8(path):
        if encoding is None:
            raise DataRefused(f"{name} is not UTF-8, as it says or leaves unsaid; say --encoding cp1251 or another.")
        codec = TextDecoder(encoding).codec
    if codec is not None:
        _put(path, _recoded(path, codec, name))


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as opened:
            while part := opened.read(PART):
                decoder.decode(part)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _recoded(path: Path, codec: str, name: str) -> Iterator[bytes]:
    """Yield a text in UTF-8; what an XML says of its encoding at its beginning is put right."""
    with path.open(encoding=codec, newline="") as opened:
        try:
            first = opened.read(PART).encode()
            if said := DECLARATION.match(first):
                first = first[: said.start(1)] + b"UTF-8" + first[said.end(1) :]
            yield first
            while part := opened.read(PART):
                yield part.encode()
        except UnicodeError:
            raise DataRefused(f"{name} is not {codec}, as it or --encoding says; say another --encoding.") from None


def _mark_nulls(path: Path) -> None:
    with path.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as text:
        if text.find(NULL_ESCAPE) >= 0:
            _put(path, _marked(text))


def _marked(text: mmap.mmap) -> Iterator[bytes]:
    at = 0
    for found in NULL.finditer(text):
        yield from _cut(text, at, found.end() - len(NULL_ESCAPE))
        yield ascii(NULL_MARK).strip("'").encode()
        at = found.end()
    yield from _cut(text, at, len(text))


def _quote_long_numbers(path: Path) -> None:
    with path.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as text:
        if LONG_SOMEWHERE.search(text) is not None:
            _put(path, _quoted(text))


def _quoted(text: mmap.mmap) -> Iterator[bytes]:
    at = 0
    for found in LONG.finditer(text):
        if text[found.start()] == ord('"'):
            continue
        yield from _cut(text, at, found.start())
        yield b'"' + found[0] + b'"'
        at = found.end()
    yield from _cut(text, at, len(text))


def _cut(text: mmap.mmap, start: int, end: int) -> Iterator[bytes]:
    for at in range(start, end, PART):
        yield text[at : min(at + PART, end)]


def _put(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a text in the place of the link to it; the file that was given stays as it is."""
    draft = path.with_name("readable")
    with draft.open("xb") as out:
        out.writelines(pieces)
    path.unlink()
    draft.rename(path)
