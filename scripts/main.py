"""Assembly of the ``obod`` command. Exit codes: 0 done, 1 refused or nothing matched, 2 wrong usage."""

from __future__ import annotations

import logging
import sys
import uuid

import typer

from geo.errors import SuitabilityError
from layers.database import explain as refusal_for
from layers.errors import LayersError
from layers.settings import get_settings
from scripts import db, layer, run, score_files
from scripts.backup import backup, restore
from scripts.demo import demo
from scripts.explain import explain
from scripts.export import export
from scripts.robustness import robustness
from scripts.score import score
from scripts.serve import serve
from scripts.services import services
from scripts.susceptibility import susceptibility
from scripts.up import up
from scripts.weights import weights

app = typer.Typer(
    name="obod",
    help="Land and water planning for families left behind.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def obod() -> None:  # its presence keeps ``obod VERB`` the form of every command, even of a single one
    pass


app.add_typer(db.app, name="db")
app.add_typer(layer.app, name="layer")
app.command("backup")(backup)
app.command("restore")(restore)
app.command("demo")(demo)
app.command("score")(score)
app.add_typer(run.app, name="run")
app.command("robustness")(robustness)
app.command("explain")(explain)
app.command(
    "score-files",
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    epilog=score_files.LAYERS_HELP,
)(score_files.score_files)
app.command("services")(services)
app.command("susceptibility")(susceptibility)
app.command("export")(export)
app.command("up")(up)
app.command("weights")(weights)
app.command("serve")(serve)


def main() -> None:
    """Run the command line; a refusal is one line on stderr, a fault an id whose details are in the log."""
    try:
        app()
    except Exception as error:
        refusal = error if isinstance(error, SuitabilityError | LayersError) else refusal_for(error)
        if refusal is not None:
            sys.stderr.write(f"{refusal}\n")
            raise SystemExit(1) from None
        fault = uuid.uuid4().hex[:8]
        logs = get_settings().home / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        logging.basicConfig(filename=logs / "obod.log", format="%(asctime)s %(message)s")
        logging.exception("fault %s", fault)
        sys.stderr.write(f"Something went wrong on our side (fault {fault}); the log under OBOD_HOME says more.\n")
        raise SystemExit(1) from None
