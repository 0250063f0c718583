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
    """Features in the order of a list.

    numbers : int64 (n,). sorter : int64 (n,), places in order of the numbers. keys : float64 (n x k,), the k values a
    feature is sorted by before its number, NaN unknown. ends : int64 (n,), where each text and its ``BETWEEN`` end.
    text : all of them.
    """

    numbers: Ints
    sorter: Ints
    keys: NDArray[np.float64]
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
        places = self._places(asked)
        if not np.array_equal(self.numbers[places], asked):
            return None
        starts = np.where(places > 0, self.ends[places - 1], 0)
        ends = self.ends[places] - len(BETWEEN)
        return BETWEEN.join([self.text[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)])

    def place_of(self, number: int) -> int | None:
        """Return the place of a feature in the list, None if it is not here."""
        if not len(self.numbers):
            return None
        place = int(self._places(np.array([number], np.int64))[0])
        return place if self.numbers[place] == number else None

    def keys_at(self, place: int) -> list[float | None]:
        """Return the values a feature is sorted by, None where one is unknown."""
        width = len(self.keys) // len(self.numbers)
        return [None if np.isnan(key) else float(key) for key in self.keys[place * width : (place + 1) * width]]

    def _places(self, asked: Ints) -> Ints:
        """Places where the numbers asked for are, if they are here."""
        found = np.searchsorted(self.numbers, asked, sorter=self.sorter).clip(max=len(self.numbers) - 1)
        return np.asarray(self.sorter[found], np.int64)

    def _start(self, place: int) -> int:
        return int(self.ends[place - 1]) if place else 0


def write(
    folder: Folder, path: Path, version: str, parts: Iterable[Sequence[tuple[int, Sequence[float | None], str]]]
) -> None:
    """Write numbers, keys and texts, which come in the order of the list, part by part; texts are never all in memory.

    The file appears under its name only when it is whole. One writer at a time.

    Raises
    ------
    LayersError : there is no room in the folder but that of files which are in use.
    """
    numbers, ends, keys = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0)]
    at = 0
    with scratch_file(path.parent) as file:
        for part in parts:
            texts = [text.encode() + BETWEEN for _, _, text in part]
            numbers.append(np.array([number for number, _, _ in part], dtype=np.int64))
            keys.append(np.array([values for _, values, _ in part], dtype=np.float64).ravel())  # None becomes NaN
            ends.append(at + np.cumsum([len(text) for text in texts], dtype=np.int64))
            at += file.write(b"".join(texts))
        file.flush()
        text = np.asarray(np.memmap(file, np.uint8, mode="r")) if at else np.empty(0, np.uint8)
        whole = np.concatenate(numbers)
        places = {"number": whole, "sorter": np.argsort(whole).astype(np.int64), "key": np.concatenate(keys)}
        arrays = {**places, "end": np.concatenate(ends), "text": text}
        if not keep_arrays(folder, path, Entry(arrays, {"version": version}), rested_s=IN_USE_S):
            raise LayersError(f"{path.name} finds no room below OBOD_HOME; OBOD_TEXT_CACHE_GB says how much there is.")


def read(path: Path) -> tuple[str, FeatureTexts] | None:
    """Return the version of a file and what it holds, mapped from disk; None if there is none that is whole."""
    try:
        found = map_arrays(path)
        arrays = found.arrays
        places = arrays["number"], arrays["sorter"], arrays["key"]
        return str(found.facts["version"]), FeatureTexts(*places, arrays["end"], arrays["text"].data)
    except FileNotFoundError:
        return None
    except DAMAGE:
        log.warning("%s is damaged and is written again", path.name)
        return None
