"""``obod audit``: who saw, loaded, published, exported or erased what."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from layers.postgres.engine import writing
from layers.records.audit import list_entries
from scripts.output import out, print_json, print_table


def audit(
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="Only from this day or moment on, UTC."),
    ] = None,
    key: Annotated[str | None, typer.Option(metavar="KEY", help="Only what was done with, or to, this key.")] = None,
    what: Annotated[str | None, typer.Option(metavar="ACT", help="Only this act, such as export or load.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """List the audit log, the latest first: keys, loads, purges, publications, exports, lists; never content."""
    with writing() as connection:
        entries = list_entries(
            connection, since=None if since is None else since.replace(tzinfo=UTC), key_id=key, what=what
        )
    if json:
        print_json(entries)
        return
    if not entries:
        out.print("There is no such entry.", highlight=False)
        return
    rows = [
        {
            **entry,
            "at": f"{entry['at']:%Y-%m-%d %H:%M:%S}",
            "by": entry["key_id"] or "command",
            "for": entry["audience"],
            "districts": None if entry["districts"] is None else ", ".join(entry["districts"]),
        }
        for entry in entries
    ]
    print_table(rows, ("at", "what", "by", "for", "layer", "number", "districts", "rows"))
