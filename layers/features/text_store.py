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
from numpy.typing import NDArray

from layers.cache.array_cache import DAMAGE, Entry, keep_arrays, map_arrays
from layers.cache.files import scratch_file
from layers.cache.folders import Folder
from layers.errors import LayersError

IN_USE_S = 3_600.0  # seconds; what was used within them makes no room for others, lest districts drive each other out
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


def write(folder: Folder, path: Path, version: str, parts: Iterable[Sequence[tuple[int, str]]]) -> None:
    """Write numbers and texts, which come in order of the numbers, part by part; never all in memory.

    The file appears under its name only when it is whole. One writer at a time.

    Raises
    ------
    LayersError : there is no room in the folder but that of files which are in use.
    """
    numbers, ends = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    at = 0
    with scratch_file(path.parent) as file:
        for part in parts:
            texts = [text.encode() + BETWEEN for _, text in part]
            numbers.append(np.array([number for number, _ in part], dtype=np.int64))
            ends.append(at + np.cumsum([len(text) for text in texts], dtype=np.int64))
            at += file.write(b"".join(texts))
        file.flush()
        text = np.asarray(np.memmap(file, np.uint8, mode="r")) if at else np.empty(0, np.uint8)
        arrays = {"number": np.concatenate(numbers), "end": np.concatenate(ends), "text": text}
        if not keep_arrays(folder, path, Entry(arrays, {"version": version}), rested_s=IN_USE_S):
            raise LayersError(f"{path.name} finds no room below OBOD_HOME; OBOD_TEXT_CACHE_GB says how much there is.")


def read(path: Path) -> tuple[str, FeatureTexts] | None:
    """Return the version of a file and what it holds, mapped from disk; None if there is none that is whole."""
    try:
        found = map_arrays(path)
        arrays = found.arrays
        return str(found.facts["version"]), FeatureTexts(arrays["number"], arrays["end"], arrays["text"].data)
    except FileNotFoundError:
        return None
    except DAMAGE:
        log.warning("%s is damaged and is written again", path.name)
        return None
