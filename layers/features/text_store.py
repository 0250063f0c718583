"""Features as GeoJSON text at hand: written to a file once, taken from it by their numbers.

To write out a thousand plots takes PostgreSQL 25 ms, nearly all of it for turning values into text; to take the same
bytes from a file that lies in memory takes less than one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

HEAD_BYTES = 4096  # before the texts: version and sizes, as JSON
WORD_BYTES = 8  # of a number or an end
BETWEEN = b",\n"  # between two features of a list

log = logging.getLogger(__name__)

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FeatureTexts:
    """Features in order of their numbers.

    numbers : int64 (n,), rising. ends : int64 (n,), where each text and its ``BETWEEN`` end. text : all of them.
    """

    numbers: Ints
    ends: Ints
    text: memoryview

    def slice(self, first: int, last: int) -> bytes:
        """Return the features from one place to before another, ``BETWEEN`` between them."""
        if first >= last:
            return b""
        return bytes(self.text[self._start(first) : int(self.ends[last - 1]) - len(BETWEEN)])

    def of(self, numbers: Sequence[int]) -> bytes | None:
        """Return features by their numbers, in that order, ``BETWEEN`` between them; None if one is not here."""
        asked = np.asarray(numbers, dtype=np.int64)
        if not len(asked) or not len(self.numbers):
            return None if len(asked) else b""
        places = np.searchsorted(self.numbers, asked).clip(max=len(self.numbers) - 1)
        if not np.array_equal(self.numbers[places], asked):
            return None
        starts = np.where(places > 0, self.ends[places - 1], 0)
        ends = self.ends[places] - len(BETWEEN)
        return BETWEEN.join([self.text[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)])

    def _start(self, place: int) -> int:
        return int(self.ends[place - 1]) if place else 0


def write(path: Path, version: str, parts: Iterable[Sequence[tuple[int, str]]]) -> None:
    """Write numbers and texts, which come in order of the numbers, part by part; never all in memory.

    The file appears under its name only when it is whole. One writer at a time.
    """
    draft = path.with_suffix(".draft")
    numbers, ends = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    at = 0
    try:
        with draft.open("wb") as file:
            file.write(bytes(HEAD_BYTES))
            for part in parts:
                texts = [text.encode() + BETWEEN for _, text in part]
                numbers.append(np.array([number for number, _ in part], dtype=np.int64))
                ends.append(at + np.cumsum([len(text) for text in texts], dtype=np.int64))
                at += file.write(b"".join(texts))
            file.write(bytes(-at % WORD_BYTES))
            file.write(np.concatenate(numbers).tobytes())
            file.write(np.concatenate(ends).tobytes())
            file.seek(0)
            file.write(orjson.dumps({"version": version, "count": sum(map(len, numbers)), "bytes": at}))
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def read(path: Path) -> tuple[str, FeatureTexts] | None:
    """Return the version of a file and what it holds, mapped from disk; None if there is none that is whole."""
    try:
        whole = np.asarray(np.memmap(path, dtype=np.uint8, mode="r"))
        head = orjson.loads(bytes(whole[:HEAD_BYTES]).rstrip(b"\0"))
        version, count, size = str(head["version"]), int(head["count"]), int(head["bytes"])
        texts, rest = whole[HEAD_BYTES : HEAD_BYTES + size], whole[HEAD_BYTES + size + -size % WORD_BYTES :]
        numbers, ends = rest.view(np.int64).reshape(2, count)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        log.warning("%s is damaged and is written again", path.name)
        return None
    return version, FeatureTexts(numbers, ends, texts.data)
