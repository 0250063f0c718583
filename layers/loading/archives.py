"""Zip and gzip, unpacked by ourselves: nothing leads out of the folder, nothing grows beyond what is allowed."""

from __future__ import annotations

import gzip
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO
from zipfile import BadZipFile, ZipFile, ZipInfo

from layers.errors import DataRefused, as_disk_refusal
from layers.settings import get_settings

MEMBERS = 10_000  # files in an archive; a File Geodatabase has some hundreds
BLOCK = 1 << 20
BYTES_PER_GB = 1024**3  # of what files unpack to
DAMAGE = (BadZipFile, zlib.error, EOFError, gzip.BadGzipFile, ValueError)


class Allowance:
    """Bytes that may still be unpacked for one file that was given."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.left = int(get_settings().file_unpacked_gb * BYTES_PER_GB)

    def copy(self, source: IO[bytes] | gzip.GzipFile, target: Path) -> None:
        """Write what comes out of an archive; raises DataRefused when it is too much."""
        with target.open("xb") as out:
            while block := source.read(BLOCK):
                self.take(len(block))
                out.write(block)

    def take(self, size: int) -> None:
        """Count some bytes; raises DataRefused when there are too many."""
        self.left -= size
        if self.left < 0:
            allowed = get_settings().file_unpacked_gb
            raise DataRefused(f"{self.name} unpacks to more than the {allowed:g} GB that OBOD_FILE_UNPACKED_GB allows.")


def unpack_gzip(path: Path, target: Path, allowance: Allowance) -> None:
    """Write the file in a gzip. Raises DataRefused when it is damaged or too large."""
    with _damage_told(allowance.name), gzip.open(path, "rb") as opened:
        allowance.copy(opened, target)


def unpack_zip(path: Path, folder: Path, allowance: Allowance) -> None:
    """Write the files in a zip below a folder.

    Raises
    ------
    DataRefused : damaged, encrypted, packed by a method that is not read here, too large, or with a member that leads
        out of the folder or is no file.
    """
    with _damage_told(allowance.name), ZipFile(path) as opened:
        members = opened.infolist()
        _check_size(members, allowance)
        for member in members:
            place = folder / _place(member, allowance.name)
            if member.is_dir():
                place.mkdir(parents=True, exist_ok=True)
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            with opened.open(member) as inside:
                allowance.copy(inside, place)


def check_package(path: Path, name: str) -> None:
    """Refuse a workbook, which is a zip as well, that would unpack to too much."""
    allowance = Allowance(name)
    with _damage_told(name), ZipFile(path) as opened:
        _check_size(opened.infolist(), allowance)


def _check_size(members: list[ZipInfo], allowance: Allowance) -> None:
    """Refuse by what the archive says of itself; what it does not say is counted while it is unpacked."""
    if len(members) > MEMBERS:
        raise DataRefused(f"{allowance.name} holds {len(members):,} files; at most {MEMBERS:,} are unpacked.")
    if sum(member.file_size for member in members) > allowance.left:
        allowance.take(allowance.left + 1)


def _place(member: ZipInfo, name: str) -> PurePosixPath:
    place = PurePosixPath(member.filename)
    if place.is_absolute() or ".." in place.parts or "\\" in member.filename or ":" in member.filename:
        raise DataRefused(f"{name} holds a file whose place is outside of it; nothing of it is unpacked.")
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind and not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
        raise DataRefused(f"{name} holds a link or a device ({place.name}); expected files and folders.")
    if member.flag_bits & 1:
        raise DataRefused(f"{name} is encrypted; unpack it first.")
    return place


@contextmanager
def _damage_told(name: str) -> Iterator[None]:
    """Say in one sentence what is wrong with an archive."""
    try:
        yield
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise DataRefused(f"{name} holds two files of one name.") from None
    except RuntimeError:  # the archive is whole; zipfile lacks its method, such as Deflate64 of large files on Windows
        raise DataRefused(
            f"{name} is packed by a method that is not read here; pack it again as a plain zip."
        ) from None
    except (*DAMAGE, OSError) as error:
        if isinstance(error, OSError) and as_disk_refusal(error) is not None:
            raise  # the disk's fault, not the archive's
        raise DataRefused(f"{name} cannot be opened: it is cut short, damaged or no archive.") from None
