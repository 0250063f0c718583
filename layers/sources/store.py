"""Files of open data as they lie under ``OBOD_HOME``, what is known of each, and parcels of them to carry elsewhere."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile, is_zipfile

from layers.cache.files import write_whole, write_whole_at
from layers.errors import DataRefused, NotFound, SourceUnavailable
from layers.loading.archives import Allowance, unpack_zip
from layers.settings import get_settings
from layers.sources.client import Version

LEDGER = "ledger.json"
CONTENTS = "contents.json"
FORM = 1  # of a parcel; another is refused


class Store:
    """The folder of all files; one command at a time changes it.

    Parameters
    ----------
    folder : where they lie, ``open_data`` below ``OBOD_HOME`` if not given.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or get_settings().home / "open_data"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Have the folder to oneself; raises SourceUnavailable where another command has it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise SourceUnavailable("Another obod fetch is under way; wait until it is done.") from None
            yield

    def place(self, source: str, address: str, name: str) -> Path:
        """Return where a file lies or will lie; its folder is made."""
        path = self.folder / source / address / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def known(self, source: str, address: str, name: str) -> Version | None:
        """Return what is known of a file that lies here whole, None where there is none."""
        said = self._ledger(source).get(f"{address}/{name}")
        path = self.folder / source / address / name
        if said is None or not path.is_file() or path.stat().st_size != said["size"]:
            return None
        return Version(**said)

    def names(self, source: str, address: str) -> list[str]:
        """Return the names of the files of an address that lie here whole, in their order."""
        of_address = (entry.split("/", 1) for entry in self._ledger(source))
        return sorted(name for at, name in of_address if at == address and self.known(source, at, name) is not None)

    def note(self, source: str, address: str, name: str, version: Version) -> None:
        """Note what lies at a place from now on."""
        ledger = {**self._ledger(source), f"{address}/{name}": asdict(version)}
        with write_whole(self.folder / source / LEDGER) as file:
            file.write(json.dumps(ledger, indent=1, sort_keys=True).encode())

    def _ledger(self, source: str) -> Mapping[str, dict[str, Any]]:
        path = self.folder / source / LEDGER
        try:
            found: dict[str, dict[str, Any]] = json.loads(path.read_text())
        except (OSError, ValueError):  # damaged: its files come again
            return {}
        return found

    def pack(self, target: Path, sources: Mapping[str, Mapping[str, list[str]]], area: Mapping[str, Any]) -> int:
        """Write a parcel with files of sources (source -> address -> names); return how many bytes it has.

        ``area`` is kept with it: what the files were fetched for.
        """
        contents: dict[str, Any] = {"form": FORM, "area": dict(area), "files": {}}
        with write_whole_at(target) as draft, ZipFile(draft, "w", ZIP_STORED, allowZip64=True) as parcel:
            for source, addresses in sources.items():
                for address, names in addresses.items():
                    for name in names:
                        version = self.known(source, address, name)
                        if version is None:
                            raise SourceUnavailable(f"{name} of {source} is not here whole; fetch it again.")
                        inside = f"{source}/{address}/{name}"
                        contents["files"][inside] = asdict(version)
                        parcel.write(self.folder / inside, inside)
            parcel.writestr(CONTENTS, json.dumps(contents, indent=1, sort_keys=True))
        return target.stat().st_size

    def unpack(self, parcel: Path) -> tuple[dict[str, dict[str, list[str]]], dict[str, Any]]:
        """Take the files of a parcel in; return source -> address -> names, and the area they are for.

        Raises
        ------
        NotFound : no such file. DataRefused : it is no parcel, or a file in it is not as it was packed; then nothing
        is taken.
        """
        if not parcel.is_file():
            raise NotFound(f"There is no file {parcel.name}.")
        if not is_zipfile(parcel):
            raise DataRefused(
                f"{parcel.name} is no parcel of open data: expected what obod fetch --bundle has written."
            )
        room = self.folder / "parcel.draft"
        shutil.rmtree(room, ignore_errors=True)
        room.mkdir(parents=True)
        try:
            unpack_zip(parcel, room, Allowance(parcel.name))
            contents = _contents(room, parcel.name)
            found: dict[str, dict[str, list[str]]] = {}
            for inside, version in contents["files"].items():
                _check(room / inside, version["sha256"], parcel.name)
            for inside, version in contents["files"].items():
                source, address, name = inside.split("/")
                (room / inside).replace(self.place(source, address, name))
                self.note(source, address, name, Version(**version))
                found.setdefault(source, {}).setdefault(address, []).append(name)
            return found, contents["area"]
        finally:
            shutil.rmtree(room, ignore_errors=True)


def _contents(room: Path, name: str) -> dict[str, Any]:
    """Return the list of contents of a parcel, each entry of the form that is written."""
    wanted = {"url", "etag", "modified", "size", "sha256", "day"}
    try:
        contents: dict[str, Any] = json.loads((room / CONTENTS).read_text())
        sound = contents["form"] == FORM and isinstance(contents["area"], dict)
        for inside, version in contents["files"].items():
            parts = inside.split("/")
            plain = len(parts) == 3 and all(part and not part.startswith(".") for part in parts)
            sound = sound and plain and set(version) == wanted
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        sound = False
    if not sound:
        raise DataRefused(f"{name} is no parcel of open data: expected what obod fetch --bundle has written.")
    return contents


def _check(path: Path, sha256: str, name: str) -> None:
    if not path.is_file():
        raise DataRefused(f"{name} lacks {path.name}, which its list of contents names; nothing was taken from it.")
    with path.open("rb") as opened:
        if hashlib.file_digest(opened, "sha256").hexdigest() != sha256:
            raise DataRefused(f"{path.name} in {name} is not as it was packed; nothing was taken from it.")
