"""``obod cache``: what is kept that can be made again, where, how much of it, and away with it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from layers.cache.folders import KINDS, Folder
from layers.errors import NotFound
from layers.settings import get_settings
from scripts.output import out, print_json, print_table

app = typer.Typer(help="Say what is kept that can be made again, and clear it.", no_args_is_help=True)

MEGABYTE = 1_000_000  # bytes
DAY_S = 86_400.0

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Kinds = Annotated[list[str] | None, typer.Argument(metavar="[KIND]...", help=f"Of {', '.join(KINDS)}; all if none.")]


@app.command()
def show(json: Json = False) -> None:
    """Say what is kept on disk, how much room it has, and what a service may keep in memory."""
    disk = [_on_disk(name) for name in KINDS]
    memory = _in_memory()
    if json:
        print_json({"disk": disk, "memory": memory})
        return
    rows = [
        {
            "kind": row["kind"],
            "files": row["files"],
            "MB": round(row["bytes"] / MEGABYTE, 1),
            "limit MB": round(row["limit_bytes"] / MEGABYTE),
            "oldest, days": None if row["oldest_s"] is None else round(row["oldest_s"] / DAY_S, 1),
            "what": row["about"],
            "folder": row["folder"],
        }
        for row in disk
    ]
    print_table(rows, ("kind", "files", "MB", "limit MB", "oldest, days", "what", "folder"))
    limits = ", ".join(f"{row['kind']} {row['limit_bytes'] / MEGABYTE:.0f} MB" for row in memory)
    out.print(
        f"In memory of each process of a service, at most: {limits}; GET /metrics says how much.", highlight=False
    )


@app.command()
def clear(kinds: Kinds = None, json: Json = False) -> None:
    """Remove what is kept on disk; it is made again when it is wanted."""
    for name in kinds or ():
        if name not in KINDS:
            raise NotFound(f"Nothing of the kind {name!r} is kept; expected one of {', '.join(KINDS)}.")
    cleared: list[dict[str, Any]] = []
    for name in dict.fromkeys(kinds or KINDS):
        files, size = Folder.of(name).clear()
        cleared.append({"kind": name, "files": files, "bytes": size})
    if json:
        print_json({"cleared": cleared})
        return
    for row in cleared:
        size_mb = row["bytes"] / MEGABYTE
        out.print(f"{row['kind']}: {row['files']:,} files of {size_mb:,.1f} MB removed.", highlight=False)


def _on_disk(name: str) -> dict[str, Any]:
    folder = Folder.of(name)
    found = folder.look()
    return {
        "kind": name,
        "about": KINDS[name].about,
        "folder": str(folder.path),
        "files": found.entries,
        "bytes": found.size_bytes,
        "limit_bytes": folder.most_bytes,
        "oldest_s": None if found.oldest_s is None else round(found.oldest_s, 1),
    }


def _in_memory() -> list[dict[str, Any]]:
    settings = get_settings()
    limits = {
        "tiles": settings.tiles_in_memory_mb,
        "answers": settings.answers_in_memory_mb,
        "results": settings.results_in_memory_mb,
    }
    return [{"kind": name, "limit_bytes": megabytes * MEGABYTE} for name, megabytes in limits.items()]
