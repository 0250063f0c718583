"""Staff sign in on pages: what a browser is given, whom it speaks for, and its end.

What a browser holds is 256 random bits made for it and never the key; the database keeps the digest. Every request asks
the database, so that a sign-in is over everywhere at the moment it or its key is ended. Connections are those of
``layers.postgres.engine.noting``.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, text

from layers.catalogue.base import STAFF, Audience
from layers.errors import NotAllowed
from layers.schema.access import KeyHolder

SECRET_BYTES: Final = 32
FOR_STAFF: Final = "Only staff sign in on the page; a key of partners is sent by programs, as X-API-Key."


def begin_sign_in(connection: Connection, holder: KeyHolder, seconds: int) -> tuple[str, datetime]:
    """Sign a browser in for whoever holds a key; return what the browser is to hold, and until when that is good.

    Raises
    ------
    NotAllowed : the key is not one of staff, or no longer good.
    """
    if holder.audience is not STAFF:
        raise NotAllowed(FOR_STAFF)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    values = {"key_id": holder.key_id, "digest": _digest(secret), "seconds": seconds}
    ends = connection.execute(text("SELECT begin_sign_in(:key_id, :digest, :seconds)"), values).scalar_one()
    return secret, ends


def sign_in_holder(connection: Connection, secret: str) -> KeyHolder | None:
    """Return whom a browser speaks for and until when; None where its sign-in is unknown or over."""
    asked = text("SELECT * FROM sign_in_holder(:digest)")
    found = connection.execute(asked, {"digest": _digest(secret)}).first()
    if found is None:
        return None
    districts = None if found.districts is None else tuple(found.districts)
    return KeyHolder(found.key_id, Audience[found.audience.upper()], districts, found.label, found.expires_at)


def end_sign_in(connection: Connection, secret: str) -> None:
    """Sign a browser out, if it is signed in."""
    connection.execute(text("SELECT end_sign_in(:digest)"), {"digest": _digest(secret)})


def note_refused_sign_ins(connection: Connection, count: int) -> None:
    """Enter in the audit log how many keys were refused on the page."""
    connection.execute(text("SELECT note_refused_sign_ins(:count)"), {"count": count})


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
