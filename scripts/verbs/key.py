"""``obod key``: keys of partners and staff, given, limited, seen and ended."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from layers.catalogue.base import Audience
from layers.derived.susceptibility import districts_named
from layers.errors import NotAllowed
from layers.postgres.engine import writing
from layers.schema.access import create_key, list_keys, public_half, revoke, rotate_key, staff_key
from layers.settings import get_settings
from scripts.output import err, out, print_json, print_table

app = typer.Typer(no_args_is_help=True, help="Keys of partners and staff.")

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
KeyId = Annotated[str, typer.Argument(metavar="KEY", help="Public half of the key, as obod key list prints it.")]
For = Annotated[str, typer.Option("--for", metavar="partner|staff", help="Whom the key is for: partner or staff.")]
Districts = Annotated[
    list[str] | None,
    typer.Option("--district", help="District code the key is good for; may be given several times. None = all."),
]
Expires = Annotated[
    datetime | None,
    typer.Option("--expires", formats=["%Y-%m-%d"], help="Last day it is good, UTC; a year from now unless given."),
]
Note = Annotated[str, typer.Option("--note", help="Who holds the key or what it is for; every list shows it.")]

KEPT_BY_NOBODY = "This is the only time the key is shown; only a digest of it is kept."


@app.callback()
def key() -> None:
    """Make, list, replace and end keys of partners and staff."""


@app.command()
def create(for_: For, district: Districts = None, expires: Expires = None, note: Note = "", json: Json = False) -> None:
    """Make a key and show it this once."""
    if for_ not in ("partner", "staff"):
        raise NotAllowed(f"A key is for partner or staff, not for {for_!r}.")
    with writing() as connection:
        districts = None if not district else districts_named(connection, district)
        made = create_key(connection, Audience[for_.upper()], note, districts, _end_of(expires))
    _show(made, json)


@app.command("list")
def list_(json: Json = False) -> None:
    """List every key, newest first: for whom, where, until when, when last used; never its secret."""
    with writing() as connection:
        keys = list_keys(connection)
    if json:
        print_json([asdict(kept) for kept in keys])
        return
    if not keys:
        out.print("There is no key yet; `obod key create` makes one.")
        return
    rows = [
        {
            "key": kept.key_id,
            "for": kept.audience,
            "districts": "all" if kept.districts is None else ", ".join(kept.districts),
            "note": kept.label,
            "made": f"{kept.created_at:%Y-%m-%d}",
            "good until": f"{kept.expires_at:%Y-%m-%d %H:%M}",
            "last used": "never" if kept.last_used_at is None else f"{kept.last_used_at:%Y-%m-%d %H:%M}",
            "state": kept.state,
        }
        for kept in keys
    ]
    print_table(rows, tuple(rows[0]))


@app.command("revoke")
def revoke_(key_id: KeyId, json: Json = False) -> None:
    """End a key for good; a backup that still has it does not bring it back."""
    with writing() as connection:
        ended = revoke(connection, key_id)
    if json:
        print_json({"key_id": ended, "state": "revoked"})
        return
    out.print(f"Key {ended} is revoked; services forget it within {get_settings().key_seconds:g} s.", highlight=False)


@app.command()
def rotate(key_id: KeyId, expires: Expires = None, json: Json = False) -> None:
    """End a key and show a new one for the same people and districts this once."""
    with writing() as connection:
        made = rotate_key(connection, key_id, _end_of(expires))
    _show(made, json)


@app.command("show-demo")
def show_demo() -> None:
    """Show the staff key that was made with the database, on a terminal only: a log or a pipe would keep it."""
    if not sys.stdout.isatty():
        raise NotAllowed("The staff key is shown on a terminal only; what is not one would keep it.")
    with writing() as connection:
        out.print(f"{staff_key(connection, get_settings().home)} (header X-API-Key)", highlight=False, markup=False)


def _end_of(day: datetime | None) -> datetime | None:
    return None if day is None else day.replace(tzinfo=UTC) + timedelta(days=1)


def _show(made: str, json: bool) -> None:
    if json:
        print_json({"key": made, "key_id": public_half(made)})
        return
    out.print(made, highlight=False, markup=False)
    err.print(KEPT_BY_NOBODY, highlight=False)
