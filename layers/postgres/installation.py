"""The PostgreSQL installed on this machine: where its programs are, and whether it brings PostGIS."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from layers.errors import DatabaseUnavailable

OLDEST_POSTGRESQL = 15  # major version; MERGE, and public schemas nobody else can write to
OLDEST_POSTGIS = (3, 3)  # version; ST_AsMVT with feature ids on partitioned parents, tested from here on
PROGRAMS = ("initdb", "pg_ctl", "postgres")
USUAL_PLACES = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # PostgreSQL's own packages for Fedora and RHEL
    "/usr/local/pgsql/bin",  # built from source
    "/usr/lib64/pgsql*/bin",  # SUSE
    "/opt/homebrew/opt/postgresql@*/bin",  # Homebrew
    "/usr/local/opt/postgresql@*/bin",
)
SHARED_BY_VERSION = Path("/usr/share/postgresql")  # Debian, Ubuntu: control files of extensions by major version
WHAT_TO_INSTALL = (
    "PostgreSQL 15 or newer with PostGIS 3.3 or newer is not installed; on Debian 12 install the packages "
    "postgresql-15 and postgresql-15-postgis-3, on Ubuntu 24.04 postgresql-16 and postgresql-16-postgis-3, "
    "or name a PostGIS to use in OBOD_DATABASE_URL."
)


@dataclass(frozen=True, slots=True)
class Installation:
    """One installed PostgreSQL server with PostGIS."""

    programs: Path
    major: int
    version: str
    postgis: str

    def program(self, name: str) -> str:
        """Return the full name of one of its programs."""
        return str(self.programs / name)


def installations() -> list[Installation]:
    """Return every usable PostgreSQL with PostGIS on this machine, newest first."""
    found = {place.resolve(): found for place in _places() if (found := _examine(place)) is not None}
    return sorted(found.values(), key=lambda installation: installation.major, reverse=True)


def find(major: int | None = None) -> Installation:
    """Return the newest usable PostgreSQL, or the one of the given major version.

    Raises
    ------
    DatabaseUnavailable : none is installed, or none of that version; says what to install.
    """
    usable = installations()
    if not usable:
        raise DatabaseUnavailable(WHAT_TO_INSTALL)
    if major is None:
        return usable[0]
    for installation in usable:
        if installation.major == major:
            return installation
    raise DatabaseUnavailable(
        f"The embedded database was made by PostgreSQL {major}, and only {usable[0].major} is installed with "
        f"PostGIS; install version {major} again, make a backup with it and restore that in a new OBOD_HOME."
    )


def _places() -> Iterator[Path]:
    pg_config = shutil.which("pg_config")
    if pg_config and (bindir := _output(pg_config, "--bindir")):
        yield Path(bindir)
    for pattern in USUAL_PLACES:
        yield from Path("/").glob(pattern.removeprefix("/"))
    if postgres := shutil.which("postgres"):
        yield Path(postgres).resolve().parent


def _examine(place: Path) -> Installation | None:
    if not all(os.access(place / program, os.X_OK) for program in PROGRAMS):
        return None
    version = re.search(r"(\d+)[\w.]*", _output(str(place / "postgres"), "--version"))
    if version is None or int(version[1]) < OLDEST_POSTGRESQL:
        return None
    postgis = _postgis_version(place, version[1])
    if postgis is None or tuple(int(part) for part in postgis.split(".")[:2]) < OLDEST_POSTGIS:
        return None
    return Installation(place, int(version[1]), version[0], postgis)


def _postgis_version(place: Path, major: str) -> str | None:
    # pg_config knows the folder but comes with a package of its own on some systems.
    shares = [SHARED_BY_VERSION / major, place.parent / "share", place.parent / "share" / "postgresql"]
    if share := _output(str(place / "pg_config"), "--sharedir"):
        shares.insert(0, Path(share))
    for share_folder in shares:
        control = share_folder / "extension" / "postgis.control"
        if control.is_file():
            version = re.search(r"default_version\s*=\s*'([\d.]+)", control.read_text())
            return version[1] if version else None
    return None


def _output(program: str, option: str) -> str:
    try:
        result = subprocess.run([program, option], capture_output=True, text=True, check=True, cwd="/")
    except (OSError, subprocess.CalledProcessError):
        return ""
    return result.stdout.strip()
