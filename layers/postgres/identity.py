"""Which data belong to which home: an identity that both hold, so that neither is taken for another's.

A home keeps it in ``database.json`` with the port, the passwords and where the data were last; the data directory keeps
it in ``obod.json`` with the home it was last started from. Both files are read by their owner only.
"""

from __future__ import annotations

import json
import os
import secrets
import uuid
from dataclasses import dataclass, replace
from pathlib import Path

from layers.errors import OperatorNeeded
from layers.postgres.processes import free_port
from layers.postgres.roles import API_LOGIN, OWNER, SUPERUSER

RECORD = "database.json"  # in the home
TAG = "obod.json"  # in the data directory


@dataclass(frozen=True, slots=True)
class Record:
    """What a home remembers of its database.

    identity : None in a home of a version that gave none. place : folder of data, log and socket when last seen.
    made : False until there are data, so that a first start that was cut short is gone on with.
    """

    port: int
    passwords: dict[str, str]
    identity: str | None = None
    place: Path | None = None
    made: bool = True

    def written(self, home: Path) -> Record:
        """Keep this in a home, whole or not at all; return it."""
        content: dict[str, object] = {
            "id": self.identity,
            "port": self.port,
            "place": None if self.place is None else str(self.place),
            "made": self.made,
            "passwords": self.passwords,
        }
        owner = home.stat()
        _write(home / RECORD, content, owner.st_uid, owner.st_gid)
        return self

    def renewed(self) -> Record:
        """Return this with an identity and a port of its own, as a copy of a home needs them."""
        identity = new_identity()
        return replace(self, identity=identity, port=free_port(uuid.UUID(identity).int))


@dataclass(frozen=True, slots=True)
class Tag:
    """What data remember of their home."""

    identity: str
    home: Path

    def write(self, data: Path) -> None:
        """Keep this in a data directory, whole or not at all."""
        owner = data.stat()
        _write(data / TAG, {"id": self.identity, "home": str(self.home)}, owner.st_uid, owner.st_gid)


def new_identity() -> str:
    """Return a UUID nobody else has."""
    return str(uuid.uuid4())


def new_record() -> Record:
    """Return an identity, a free port and passwords for a database that is still to be made."""
    passwords = {role: secrets.token_urlsafe(24) for role in (SUPERUSER, OWNER, API_LOGIN)}
    return Record(port=0, passwords=passwords, made=False).renewed()


def read_record(home: Path) -> Record | None:
    """Return what a home remembers; None where no database was ever begun.

    Raises
    ------
    OperatorNeeded : the file is damaged.
    """
    try:
        found = json.loads((home / RECORD).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError:
        raise _damaged(home / RECORD) from None
    try:
        return Record(
            port=int(found["port"]),
            passwords={str(role): str(found["passwords"][role]) for role in (SUPERUSER, OWNER, API_LOGIN)},
            identity=None if found.get("id") is None else str(uuid.UUID(found["id"])),
            place=None if found.get("place") is None else Path(found["place"]),
            made=bool(found.get("made", True)),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        raise _damaged(home / RECORD) from None


def read_tag(data: Path) -> Tag | None:
    """Return what data remember; None where they were made by a version that kept nothing.

    Raises
    ------
    OperatorNeeded : the file is damaged.
    """
    try:
        found = json.loads((data / TAG).read_bytes())
        return Tag(str(uuid.UUID(found["id"])), Path(found["home"]))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (AttributeError, KeyError, TypeError, ValueError):
        raise _damaged(data / TAG) from None


def read_major(data: Path) -> int | None:
    """Return the major version of PostgreSQL that made the data; None where there are none.

    Raises
    ------
    OperatorNeeded : the file that says so is damaged.
    """
    try:
        return int((data / "PG_VERSION").read_text())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError:
        raise _damaged(data / "PG_VERSION") from None


def _write(kept: Path, content: dict[str, object], uid: int, gid: int) -> None:
    fresh = kept.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        if os.geteuid() == 0:
            os.fchown(file.fileno(), uid, gid)  # who owns the folder must be able to read it without root
        json.dump(content, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(kept)


def _damaged(kept: Path) -> OperatorNeeded:
    return OperatorNeeded(
        f"{kept} is damaged; put it back from a copy of the folder, or restore a backup into another OBOD_HOME."
    )
