"""Arrays on disk by a digest of all they were computed from, as Arrow IPC files that are mapped, not read.

An entry has a name that is a digest of all it was computed from: rows and raster files, the code, and what it is. A
changed road gives another name, so nothing kept is ever out of date; what is no longer asked for is removed when room
is needed. Any program that reads Arrow (pandas, R, DuckDB) reads the files: one row, and in each column the values of
one array, whose type and shape stand in the field's metadata.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

from geo.terrain.grid import Grid
from layers.cache.files import write_whole
from layers.cache.folders import Folder

SUFFIX = ".arrow"
VALUES = "values"  # array of a surface
FACTS = b"facts"  # in the metadata of the table, JSON
DTYPE, SHAPE = b"dtype", b"shape"  # in the metadata of a field: NumPy's name of the type; JSON

# What a file may be found to be if it is not one of ours, or not all of it.
DAMAGE = (OSError, ValueError, TypeError, KeyError, AttributeError, pa.ArrowException)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """Arrays by name, and facts beside them that JSON can say."""

    arrays: Mapping[str, NDArray[Any]]
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        return sum(array.nbytes for array in self.arrays.values())


def write_arrays(file: IO[bytes], entry: Entry) -> None:
    """Write an entry to a file as Arrow IPC; arrays are handed on as they lie in memory or in the file they map."""
    columns = [_column(np.ascontiguousarray(values)) for values in entry.arrays.values()]
    fields = [
        pa.field(name, column.type, metadata={DTYPE: values.dtype.str.encode(), SHAPE: orjson.dumps(values.shape)})
        for (name, values), column in zip(entry.arrays.items(), columns, strict=True)
    ]
    schema = pa.schema(fields, metadata={FACTS: orjson.dumps(entry.facts)})
    with pa.ipc.new_file(file, schema) as writer:
        writer.write_batch(pa.record_batch(columns, schema=schema))


def map_arrays(path: Path) -> Entry:
    """Return the entry of a file, its arrays mapped from disk; writing into them changes no file.

    Raises
    ------
    one of ``DAMAGE`` : the file is not there, not whole or not of this form.
    """
    # A private copy that may be written to: compiled kernels then see the type of any other array.
    whole = np.asarray(np.memmap(path, np.uint8, mode="c"))
    batch = pa.ipc.open_file(pa.BufferReader(pa.py_buffer(whole))).get_batch(0)
    arrays = {
        about.name: _array(whole, about, column) for about, column in zip(batch.schema, batch.columns, strict=True)
    }
    return Entry(arrays, orjson.loads(batch.schema.metadata[FACTS]))


@dataclass(frozen=True, slots=True)
class ArrayCache:
    """Entries in files of a folder; ``code`` stands for the code that computes them, other code's are not read."""

    folder: Folder
    code: str

    def surface(self, made_from: bytes, compute: Callable[[], Grid]) -> Grid:
        """Return the surface made from what ``made_from`` stands for: kept, read as its cells are used, or computed."""

        def entry() -> Entry:
            grid = compute()
            place = {"x_min": grid.x_min, "y_max": grid.y_max, "cell_m": grid.cell_m, "native_m": grid.native_m}
            return Entry({VALUES: grid.values}, place)

        found = self.entry(made_from, entry)
        return Grid(found.arrays[VALUES], **found.facts)

    def entry(self, made_from: bytes, compute: Callable[[], Entry]) -> Entry:
        """Return the entry made from what ``made_from`` stands for: mapped from its file, or computed and kept.

        Writing into the arrays changes no file.
        """
        path = self.folder.path / f"{hashlib.sha256(self.code.encode() + made_from).hexdigest()}{SUFFIX}"
        try:
            found = map_arrays(path)
        except FileNotFoundError:
            pass
        except DAMAGE:
            log.warning("entry %s of the scoring cache cannot be read and is computed again", path.stem[:12])
        else:
            self.folder.hits += 1
            self.folder.used(path)
            return found
        self.folder.misses += 1
        found = compute()
        keep_arrays(self.folder, path, found)
        return found


def keep_arrays(folder: Folder, path: Path, entry: Entry, *, rested_s: float = 0.0) -> bool:
    """Write an entry to a file of a folder if there is room for it, and tell whether it was kept.

    A full disk only costs time. What was used within ``rested_s`` seconds makes no room.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not folder.make_room(entry.nbytes + HEAD_BYTES * (2 + len(entry.arrays)), rested_s=rested_s):
            return False
        with write_whole(path) as file:
            write_arrays(file, entry)
    except OSError as problem:
        log.warning("%s cannot be kept in %s: %s", path.name, folder.name, problem.strerror)
        return False
    return True


HEAD_BYTES = 512  # a column, and the head, take besides the values; at most, unless names or facts are long


def _column(values: NDArray[Any]) -> Any:
    """One row that holds the values of an array."""
    flat = pa.Array.from_buffers(
        _stored_type(values.dtype), values.size, [None, pa.py_buffer(values.reshape(-1).view(np.uint8))]
    )
    return pa.LargeListArray.from_arrays(pa.array([0, values.size], pa.int64()), flat)


def _stored_type(dtype: np.dtype[Any]) -> Any:
    """Arrow's type of the same bytes: numbers as they are, flags as bytes, texts of a fixed length as binary."""
    if dtype.kind in "iuf":
        return pa.from_numpy_dtype(dtype)
    return pa.uint8() if dtype.kind == "b" else pa.binary(dtype.itemsize)


def _array(whole: NDArray[np.uint8], about: Any, column: Any) -> NDArray[Any]:
    """The values of a column where they lie in the mapped file."""
    dtype, shape = np.dtype(about.metadata[DTYPE].decode()), orjson.loads(about.metadata[SHAPE])
    size = dtype.itemsize * int(np.prod(shape))
    if not size:
        return np.empty(shape, dtype)
    start = column.values.buffers()[1].address - whole.ctypes.data
    values: NDArray[Any] = whole[start : start + size].view(dtype)
    return values.reshape(shape)
