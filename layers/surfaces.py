"""Surfaces kept from run to run: what follows from heights, roads, rivers, canals and services, not from the plots.

A surface has a name that is a digest of all it was computed from: the rows and raster files around the plots, the code,
and what it is. A changed road gives another name, so nothing kept is ever out of date; what is no longer asked for is
removed when room is needed.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import orjson

import geo
from geo.grid import Grid
from layers import rasters, resampling
from layers.settings import get_settings

SUFFIX = ".surface"
HEAD_BYTES = 512  # where the surface lies, as JSON; the cells follow as they lie in memory, to be mapped

BYTES_PER_GB = 1_000_000_000
PLACE = ("x_min", "y_max", "cell_m", "native_m")

log = logging.getLogger(__name__)


@lru_cache
def science_digest() -> str:
    """Digest of the code and tables the science is made of, hex."""
    digest = hashlib.sha256()
    home = Path(geo.__file__).parent
    for source in sorted(home.rglob("*")):
        if source.suffix in {".py", ".toml", ".csv"}:
            digest.update(source.relative_to(home).as_posix().encode() + source.read_bytes())
    return digest.hexdigest()


@lru_cache
def _code_digest() -> str:
    """Digest of the science and of how rasters are read."""
    readers = (Path(str(module.__file__)).read_bytes() for module in (rasters, resampling))
    return hashlib.sha256(science_digest().encode() + b"".join(readers)).hexdigest()


@dataclass(frozen=True)
class KeptSurfaces:
    """Surfaces in files of a folder that holds ``most_bytes`` at most; those used longest ago make room."""

    folder: Path
    most_bytes: int

    def get(self, made_from: bytes, compute: Callable[[], Grid]) -> Grid:
        """Return the surface made from what a digest stands for: mapped from its file, or computed and kept.

        A kept one is read as its cells are used; writing into it changes no file.
        """
        name = hashlib.sha256(_code_digest().encode() + made_from).hexdigest()
        found = self._read(name)
        if found is None:
            found = compute()
            if found.values.size:
                self._write(name, found)
        return found

    def _read(self, name: str) -> Grid | None:
        path = self.folder / f"{name}{SUFFIX}"
        try:
            with path.open("rb") as file:
                facts = orjson.loads(file.read(HEAD_BYTES))
            # A private copy that may be written to: compiled kernels then see the type of any other array.
            values = np.memmap(path, np.float32, mode="c", offset=HEAD_BYTES, shape=tuple(facts.pop("shape")))
            os.utime(path)
            return Grid(np.asarray(values), **facts)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError):
            log.warning("surface %s cannot be read and is computed again", name[:12])
            return None

    def _write(self, name: str, surface: Grid) -> None:
        """Write beside and rename, so that a surface is there whole or not at all; a full disk only costs time."""
        head = {"shape": surface.values.shape} | {key: getattr(surface, key) for key in PLACE}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._make_room(surface.values.nbytes)
            handle, beside = tempfile.mkstemp(dir=self.folder)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(orjson.dumps(head).ljust(HEAD_BYTES))
                    np.ascontiguousarray(surface.values, dtype=np.float32).tofile(file)
                os.replace(beside, self.folder / f"{name}{SUFFIX}")
            except OSError:
                os.unlink(beside)
                raise
        except OSError as problem:
            log.warning("a surface cannot be kept: %s", problem.strerror)

    def _make_room(self, wanted: int) -> None:
        """Remove the surfaces used longest ago until as many bytes fit; mapped ones stay with whoever maps them."""
        kept = sorted((path.stat().st_mtime, path.stat().st_size, path) for path in self.folder.glob(f"*{SUFFIX}"))
        held = sum(size for _, size, _ in kept)
        for _, size, path in kept:
            if held + wanted <= self.most_bytes:
                return
            path.unlink(missing_ok=True)
            held -= size


def kept_surfaces() -> KeptSurfaces | None:
    """Return the surfaces kept in this process's home, None where there is to be no room for any."""
    settings = get_settings()
    room = int(settings.surfaces_gb * BYTES_PER_GB)
    return KeptSurfaces(settings.surfaces, room) if room else None
