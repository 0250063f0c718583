"""Where the data of a home lie, and whether they are its own.

They lie in ``OBOD_HOME/postgres``. Where the account of the server cannot reach that (a clone below a folder of mode
700, started by root), they lie below ``UNREACHABLE_HOMES`` in a folder named by their identity, and
``OBOD_HOME/postgres`` is a link to it, so that no folder of the caller is opened up.
"""

from __future__ import annotations

import os
from dataclasses import replace
from enum import Enum, auto
from pathlib import Path

from layers.errors import OperatorNeeded
from layers.postgres.identity import RECORD, TAG, Record, Tag, read_major, read_record, read_tag
from layers.postgres.server import ServerUser

LINK = "postgres"  # in the home: a folder, or a link to one
UNREACHABLE_HOMES = Path("/var/lib/obod")
GIVE_UP = "obod db remove gives them up"


class Standing(Enum):
    """How a home stands to the data found in its place."""

    NEVER_MADE = auto()
    OURS = auto()
    UNTAGGED = auto()  # made by a version that gave no identity
    COPY = auto()  # of another home that is still there, data and all


def place_of(home: Path, record: Record | None) -> Path:
    """Return the folder of the server's data, log and socket, there or not."""
    link = home / LINK
    missing = not link.is_symlink() and not link.exists()
    if missing and record is not None and record.place is not None and _holds(record.place, record.identity):
        return record.place  # only the link is lost
    return link.resolve()


def standing(home: Path, record: Record | None) -> Standing:
    """Return how a home stands to the data in its place. Changes nothing.

    Raises
    ------
    OperatorNeeded : the data are missing, of another home, or used by another home; says which and where.
    """
    place = place_of(home, record)
    data = place / "data"
    there = read_major(data) is not None
    if record is None:
        if there or (home / LINK).is_symlink():
            raise OperatorNeeded(
                f"{home / RECORD} is missing; it holds the passwords of the database in {place}. Put it back from a "
                "copy, or name another OBOD_HOME and restore a backup there."
            )
        return Standing.NEVER_MADE
    if not there:
        if _never_made(home, record, place):
            return Standing.NEVER_MADE
        state = "not whole: PG_VERSION is missing" if (place / "data").exists() else "missing"
        raise OperatorNeeded(
            f"The data of the database of {home} are {state}; they were last in {record.place or place}. Put them back "
            f"there, or restore a backup into another OBOD_HOME; {GIVE_UP}."
        )
    tag = read_tag(data)
    if tag is None:
        if record.identity is None:
            return Standing.UNTAGGED
        raise OperatorNeeded(
            f"The data in {place} are not those of {home}: {TAG} is missing in them. The home's own were last in "
            f"{record.place or place}; put those back there."
        )
    if record.identity is not None and tag.identity != record.identity:
        raise OperatorNeeded(
            f"The data in {place} belong to another home, last {tag.home}; those of {home} were last in "
            f"{record.place or place}. Put each back in its place."
        )
    return _claimed(home, record, tag, place)


def _claimed(home: Path, record: Record, tag: Tag, place: Path) -> Standing:
    """Tell apart a home that moved from one that was copied while the first is still there."""
    if _same(tag.home, home):
        return Standing.OURS
    other = _other_record(tag.home)
    if other is None or other.identity != tag.identity:
        if record.identity is None:
            raise OperatorNeeded(
                f"The data in {place} belong to another home, last {tag.home}; put that back, or restore a backup "
                "into another OBOD_HOME."
            )
        return Standing.OURS  # it moved, or was renamed
    if _same(place_of(tag.home, other), place):
        raise OperatorNeeded(
            f"{home} is a copy of {tag.home} and both name the same data, in {place}: use {tag.home}. For a second "
            "database make a backup there and restore it into another OBOD_HOME."
        )
    return Standing.COPY


def require_whole_copy(home: Path, data: Path, origin: Path) -> None:
    """Refuse a copy that was taken while the database ran.

    Raises
    ------
    OperatorNeeded : it was.
    """
    if (data / "postmaster.pid").exists():
        raise OperatorNeeded(
            f"{home} was copied from {origin} while the database there ran, so the copy is not whole. Stop that one "
            "and copy it again, or make a backup there and restore it into another OBOD_HOME."
        )


def make_place(home: Path, record: Record, account: ServerUser) -> Record:
    """Make the folder for data that are still to be made, where the server's account can reach it."""
    link = home / LINK
    close_home(home, account, inside=True)
    if not link.is_symlink():
        link.mkdir(mode=0o700, exist_ok=True)
        account.own(link)
        if not account.can_write(link):
            for folder in ("log", "socket"):  # of a first start that was cut short
                if (link / folder).is_dir():
                    (link / folder).rmdir()
            link.rmdir()
            link.symlink_to(UNREACHABLE_HOMES / str(record.identity))
    if link.is_symlink():
        place = link.resolve()
        if place.parent == UNREACHABLE_HOMES:
            UNREACHABLE_HOMES.mkdir(parents=True, exist_ok=True)
            UNREACHABLE_HOMES.chmod(0o755)
        place.mkdir(mode=0o700, exist_ok=True)
        account.own(place)
        close_home(home, account, inside=False)
    return replace(record, place=link.resolve())


def close_home(home: Path, account: ServerUser, *, inside: bool) -> None:
    """Close a home to everybody else: mode 700; where data inside are another account's, that may pass through."""
    if account.switch and inside:
        os.chown(home, -1, account.gid)
        home.chmod(0o710)
    else:
        home.chmod(0o700)


def require_reach(data: Path, account: ServerUser) -> None:
    """Refuse data that the server's account does not reach any more.

    Raises
    ------
    OperatorNeeded : names the folder that is in the way.
    """
    if account.can_write(data):
        return
    closed = next((folder for folder in reversed(data.parents) if not account.can_enter(folder)), data)
    raise OperatorNeeded(
        f"The account {account.name} that runs the database cannot reach its data in {data}: {closed} is closed to it. "
        "Open the way, or put the folder back where it was."
    )


def former_places(home: Path) -> list[Path]:
    """Return folders with data of former homes at this path."""
    found = []
    for tag_file in sorted(UNREACHABLE_HOMES.glob(f"*/data/{TAG}")):
        try:
            tag = read_tag(tag_file.parent)
        except (OperatorNeeded, OSError):
            continue
        if tag is not None and tag.home == home:
            found.append(tag_file.parents[1])
    return found


def _never_made(home: Path, record: Record, place: Path) -> bool:
    if record.identity is not None:
        return not record.made
    # A version without identities kept the record before it made the data; a server that ran left a log.
    link = home / LINK
    return link.is_dir() and not any((place / "log").glob("*"))


def _holds(place: Path, identity: str | None) -> bool:
    tag = read_tag(place / "data")
    return tag is not None and tag.identity == identity


def _other_record(home: Path) -> Record | None:
    try:
        return read_record(home)
    except (OperatorNeeded, OSError):
        return None


def _same(one: Path, other: Path) -> bool:
    try:
        return one == other or one.samefile(other)
    except OSError:
        return False
