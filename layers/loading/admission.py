"""The door every file comes in by: unpacked, its kind told by name and content, alone with its own parts.

What follows never sees the folder the file was given in: it reads from a folder of our own in which only the parts of
this one file stand, so that no format can reach for what lies beside it.
"""

from __future__ import annotations

import shutil
import stat
import tempfile
import weakref
from pathlib import Path

from layers.errors import DataRefused, NotFound
from layers.loading.archives import Allowance, check_package, unpack_gzip, unpack_zip
from layers.loading.kinds import (
    DBF,
    GEODATABASE,
    GZIP,
    INSIDE_GEODATABASE,
    OPEN_DOCUMENT,
    WORKBOOK,
    ZIP,
    ZIPPED,
    Kind,
    kind_named,
    kind_of,
)
from layers.loading.plain_text import make_readable
from layers.settings import get_settings


class AdmittedFile:
    """A file that may be read, as long as this object lives.

    path : of the file itself, in a folder with nothing but its parts. name : as it was given. kind : what it is.
    table : the one asked for inside of it; None where an archive had to be asked for a file by that name.
    """

    def __init__(
        self, path: Path, *, raster: bool = False, table: str | None = None, encoding: str | None = None
    ) -> None:
        """Admit a file. ``encoding`` : of its text, where it does not say so.

        Raises
        ------
        NotFound : no such file. DataRefused : of no kind that is read, of another kind than it is named, no file but
        a pipe or a device, an archive of none or several, or with parts outside of its folder.
        """
        self.name = path.name
        self.table = table
        self._raster = raster
        self._folder = Path(tempfile.mkdtemp(prefix="obod-"))
        self._end = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        try:
            path = self._unpacked(_whole(path.absolute()))
            self.kind: Kind = kind_of(path, self.name, raster=raster)
            if self.kind in (WORKBOOK, OPEN_DOCUMENT):
                check_package(path, self.name)
            self.path = self._alone(path)
            make_readable(self.path, self.kind, self.name, encoding)
        except BaseException:
            self._end()
            raise

    def _unpacked(self, path: Path) -> Path:
        """Return the file in an archive or folder; a file that is neither as it is."""
        allowance, depth, most = Allowance(self.name), 0, get_settings().file_nesting
        while True:
            _check_regular(path, self.name)
            suffix = path.suffix.casefold()
            if path.is_dir():
                if suffix == ".gdb":
                    return path
                path = self._only(path)
                continue
            if suffix not in (*ZIPPED, ".gz"):
                return path
            if depth == most:
                raise DataRefused(
                    f"{self.name} holds archives within archives; OBOD_FILE_NESTING allows {most} to be unpacked."
                )
            with path.open("rb") as opened:
                head = opened.read(len(ZIP))
            folder = self._folder / f"unpacked-{depth}"
            folder.mkdir()
            depth += 1
            if suffix in ZIPPED and head == ZIP:
                unpack_zip(path, folder, allowance)
                if (folder / INSIDE_GEODATABASE).is_file():  # of a File Geodatabase that was packed without its folder
                    return folder.rename(folder.with_suffix(".gdb"))
                path = self._only(folder)
            elif suffix == ".gz" and head.startswith(GZIP):
                unpack_gzip(path, folder / path.stem, allowance)
                path = folder / path.stem
            else:
                raise DataRefused(f"{self.name} cannot be opened: it is cut short, damaged or no archive.")

    def _only(self, folder: Path) -> Path:
        """Return the one file of a folder that can be read, or the one named as the table asked for."""
        found = candidates(folder, raster=self._raster)
        named = [file for file in found if self.table in (file.stem, file.name)]
        if len(named) == 1 and (len(found) > 1 or self.table == named[0].name):
            found, self.table = named, None
        if len(found) != 1:
            listed = ", ".join(sorted(str(file.relative_to(folder)) for file in found))
            raise DataRefused(
                f"{self.name} holds {len(found)} files ({listed}); say one with --table."
                if found
                else f"{self.name} holds no file that can be {'taken as a raster' if self._raster else 'loaded'}."
            )
        return found[0]

    def _alone(self, path: Path) -> Path:
        """Return the file's place in a folder of its own, with links to its parts."""
        folder = self._folder / "alone"
        folder.mkdir()
        if self.kind is GEODATABASE:
            for inside in path.rglob("*"):
                _check_part(inside, path, self.name)
            home = folder / "given.gdb"
        else:
            home = folder / f"{_plain(path.stem)}{path.suffix.casefold()}"
        home.symlink_to(path.resolve())
        for ending, part in _parts(path, self.kind):
            _check_part(part, path, self.name)
            if ending != home.suffix:
                (folder / f"{home.name if ending in self.kind.added else home.stem}{ending}").symlink_to(part.resolve())
        return home


def _whole(path: Path) -> Path:
    """Return the file that stands for a Shapefile or a File Geodatabase where one of its parts was named."""
    if path.suffix.casefold() in (".gdbtable", ".gdbtablx", ".gdbindexes") and path.parent.suffix.casefold() == ".gdb":
        return path.parent
    if path.suffix.casefold() in (".shx", ".dbf"):
        for suffix in (".shp", ".SHP"):
            if (whole := path.with_suffix(suffix)).is_file():
                return whole
    return path


def _plain(stem: str) -> str:
    """A name that means nothing to GDAL; a GeoJSON or Shapefile names its table after its file."""
    return "".join(letter if letter.isalnum() or letter in "-_ ." else "_" for letter in stem) or "given"


def _check_regular(path: Path, name: str) -> None:
    """Refuse what is no file: a pipe would be waited for without end, a device read without end."""
    try:
        found = path.stat()
    except OSError:
        raise NotFound(f"There is no file {path.name}.") from None
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise DataRefused(f"{name} is a pipe or a device; expected a file.")
    if stat.S_ISREG(found.st_mode) and not found.st_size:
        raise DataRefused(f"{name} is empty.")


def candidates(folder: Path, *, raster: bool) -> list[Path]:
    """Files of a folder that can be read, archives among them; a Shapefile counts once, a File Geodatabase whole."""
    found: list[Path] = []
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if any(part.startswith((".", "__MACOSX")) for part in inside.parts):
            continue
        if any(parent.suffix.casefold() == ".gdb" for parent in inside.parents):
            continue
        kind = kind_named(path, raster=raster)
        if path.is_dir() and kind is not GEODATABASE:
            continue
        if (kind is None and path.suffix.casefold() not in (*ZIPPED, ".gz")) or (kind is DBF and _whole(path) != path):
            continue
        found.append(path)
    return found


def _parts(path: Path, kind: Kind) -> list[tuple[str, Path]]:
    """Files beside one that belong to it, by their ending in small letters."""
    if not (kind.parts or kind.added):
        return []
    beside = [other for other in path.parent.iterdir() if other != path]
    stem, name = path.stem.casefold(), path.name.casefold()
    found: dict[str, Path] = {}
    for other in sorted(beside):
        if other.stem.casefold() == stem and other.suffix.casefold() in kind.parts:
            found.setdefault(other.suffix.casefold(), other)
        for ending in kind.added:
            if other.name.casefold() == name + ending:
                found.setdefault(ending, other)
    return sorted(found.items())


def _check_part(part: Path, path: Path, name: str) -> None:
    """Refuse a part that is a link to elsewhere, a pipe or a device."""
    home = path.resolve() if path.is_dir() else path.resolve().parent
    real = part.resolve()
    if not real.is_relative_to(home) or not (real.is_file() or real.is_dir()):
        raise DataRefused(f"{part.name}, a part of {name}, is a link out of its folder, a pipe or a device.")
