"""Schemes that staff stored from a trial: found by ``obod score --scheme NAME`` beside those that ship with Obod.

Their names begin with a word that no scheme which ships begins with, so that one name is one scheme. None is ever
changed: another panel's judgement has another name. Storing one scores nothing and publishes nothing.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, DateTime, delete, func, select, text
from sqlalchemy.orm import Mapped, mapped_column

from geo.panel.scheme import Scheme, load_scheme, parse_scheme, shipped_schemes
from geo.panel.scheme_keys import SchemeFile
from geo.strict_toml import parse_toml
from layers.catalogue.base import Base
from layers.errors import DataRefused, NotFound
from layers.records.audit import Act, note
from layers.records.phrases import told

BEGINNING: Final = "staff-"  # of every name
LONGEST_NAME: Final = 40  # characters after it


class StoredScheme(Base):
    """A scheme as it was stored."""

    __tablename__ = "stored_schemes"
    name: Mapped[str] = mapped_column(primary_key=True, comment="Name; begins with staff-")
    file: Mapped[str] = mapped_column(comment="The file, whole")
    sha256: Mapped[str] = mapped_column(comment="Digest of the file")
    key_id: Mapped[str] = mapped_column(comment="Public half of the key it was stored with")
    stored_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    __table_args__ = ({"comment": "Schemes that staff stored from a trial"},)

    @property
    def said(self) -> SchemeFile:
        """What the file says, also where it does not place a criterion that was declared since."""
        return parse_toml(SchemeFile, self.file, source=self.name)

    def read(self) -> Scheme:
        """Return what the file says.

        Raises
        ------
        SchemeError : it is no scheme of today; names the key.
        """
        return parse_scheme(self.file, source=self.name)


def store_scheme(connection: Connection, name: str, file: str, *, key_id: str) -> None:
    """Store a scheme that was checked.

    Parameters
    ----------
    connection : one of ``layers.postgres.engine.noting``.
    name : as the file has it.
    file : the text, whole.
    key_id : public half of the key it is stored with.

    Raises
    ------
    NotAllowed : the key is not one of staff for all districts, or no longer good.
    DataRefused : there is one of its name, or there are as many as are kept.
    """
    values = {"key": key_id, "name": name, "file": file, "sha256": hashlib.sha256(file.encode()).hexdigest()}
    asked = text("SELECT store_scheme(:key, :name, :file, :sha256)")
    stored = connection.execute(asked, values).scalar_one()
    if stored is None:
        raise DataRefused(told("No more schemes are kept; delete one that nobody scores by: obod scheme delete NAME."))
    if not stored:
        raise DataRefused(told("There is a scheme '{name}' already; another one needs another name.", name=name))


def read_stored(connection: Connection, name: str) -> StoredScheme:
    """Return a stored scheme; ``connection`` reads as staff or is the owner's.

    Raises
    ------
    NotFound : there is none of that name.
    """
    found = connection.execute(select(StoredScheme.__table__).where(StoredScheme.name == name)).mappings().first()
    if found is None:
        raise NotFound(f"There is no stored scheme {name!r}; obod scheme list names those there are.")
    return StoredScheme(**found)


def list_stored(connection: Connection) -> list[StoredScheme]:
    """Return all stored schemes, the latest first; ``connection`` reads as staff or is the owner's."""
    asked = select(StoredScheme.__table__).order_by(StoredScheme.stored_at.desc(), StoredScheme.name)
    return [StoredScheme(**row) for row in connection.execute(asked).mappings()]


def delete_stored(connection: Connection, name: str) -> None:
    """Delete a stored scheme in the owner's transaction; runs that were made by it keep its text.

    Raises
    ------
    NotFound : there is none of that name.
    """
    if connection.execute(delete(StoredScheme).where(StoredScheme.name == name)).rowcount == 0:
        raise NotFound(f"There is no stored scheme {name!r}; obod scheme list names those there are.")
    note(connection, Act.SCHEME_DELETED, layer=StoredScheme.__tablename__, rows=1)


def is_stored(name_or_path: str) -> bool:
    """Return whether a name is that of a stored scheme: neither of one that ships nor the path of a file."""
    return name_or_path.startswith(BEGINNING) and not Path(name_or_path).suffix


def scheme_named(connection: Connection, name: str) -> Scheme:
    """Return a stored scheme or one that ships, by its name alone: no file is opened for it.

    Parameters
    ----------
    connection : reads as staff or is the owner's.

    Raises
    ------
    NotFound : there is none of that name.
    """
    if name in shipped_schemes():
        return load_scheme(name)
    return read_stored(connection, name).read()


def scheme_called(connection: Connection, name_or_path: str) -> Scheme:
    """Return a stored scheme or one that ships by its name, or the scheme in a file.

    Parameters
    ----------
    connection : the owner's.
    name_or_path : as ``is_stored`` tells them apart.

    Raises
    ------
    NotFound : there is no stored scheme of that name. SchemeError : as ``load_scheme``.
    """
    return read_stored(connection, name_or_path).read() if is_stored(name_or_path) else load_scheme(name_or_path)
