"""Logins kept in ``OBOD_HOME/logins.json`` (mode 600): of each database that of its public views and of its service."""

from __future__ import annotations

import json
from pathlib import Path

from sqlalchemy import URL

from layers.errors import OperatorNeeded

LOGINS = "logins.json"


def read_logins(home: Path) -> dict[str, dict[str, dict[str, str]]]:
    """Return place of a database -> ``public`` or ``service`` -> ``name`` and ``password``; empty where none is kept.

    Raises
    ------
    OperatorNeeded : the file is damaged.
    """
    try:
        found: dict[str, dict[str, dict[str, str]]] = json.loads((home / LOGINS).read_text())
    except FileNotFoundError:
        return {}
    except ValueError:
        raise OperatorNeeded(f"{home / LOGINS} is damaged; remove it, and obod db migrate makes it anew.") from None
    return found


def place_of(url: URL) -> str:
    """Return what tells a database from others in that file: host, port and name."""
    return f"{url.host or ''}:{url.port or 5432}/{url.database or ''}"
