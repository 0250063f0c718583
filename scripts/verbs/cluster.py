"""``obod cluster``: what a Dask cluster needs to be reached by nobody else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from layers.runs.workers import make_certificates
from scripts.output import out, print_json

app = typer.Typer(no_args_is_help=True, help="What a Dask cluster needs to be reached by nobody else.")

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to write them; every machine gets a copy.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@app.callback()
def cluster() -> None:
    """Make what a Dask cluster needs to be reached by nobody else."""


@app.command()
def certificates(folder: Folder, json: Json = False) -> None:
    """Write the certificates that scheduler, workers and obod score share."""
    paths = make_certificates(folder)
    if json:
        print_json({what: str(path) for what, path in paths.items()})
        return
    given = " ".join(
        f"--tls-{what} {path}"
        for what, path in (("ca-file", paths["ca"]), ("cert", paths["certificate"]), ("key", paths["key"]))
    )
    out.print(f"Written to {folder}. Whoever has them runs code on the cluster. On each machine:", highlight=False)
    out.print(f"  dask scheduler --protocol tls {given}", highlight=False, soft_wrap=True)
    out.print(f"  dask worker tls://SCHEDULER:8786 {given}", highlight=False, soft_wrap=True)
    out.print(f"  obod score --cluster tls://SCHEDULER:8786 --certificates {folder}", highlight=False, soft_wrap=True)
