"""Assembly of the ``obod`` command.

Exit codes: 0 done, 1 refused, stopped or nothing matched, with nothing changed, 2 wrong usage, 3 done in part.
"""

from __future__ import annotations

import gc
import os
import sys
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from scripts.faults import sentence_of
from scripts.stopping import PARTLY, STANDING, Stopped, stoppable

PRIVATE = 0o077  # umask: files and folders are for their owner alone


@dataclass(frozen=True, slots=True)
class Verb:
    """The module of ``scripts.verbs`` with the function or group of a verb, and what ``obod --help`` says of it.

    stopped : what becomes of its work when it is stopped. by_parts : what is done by then stays. Verbs without
    ``stopped`` end in a moment, or see to their ending themselves. apart : it has nothing to do with what the database
    holds, and waits for nothing that is to be done there first.
    """

    module: str
    about: str
    stopped: str = ""
    by_parts: bool = False
    apart: bool = False


UNCHANGED = "Nothing was changed; run it again."
RESUMABLE = "What is done stays; run it again."
UNWRITTEN = "Nothing was written; run it again."
VERBS = {
    "backup": Verb("backup", "Write layers, runs, keys and raster files to one file.", UNWRITTEN),
    "restore": Verb(
        "backup", "Put everything back as such a file has it.", "All is put back or nothing; run it again."
    ),
    "demo": Verb("demo", "Create a demo region, load it and score every plot.", RESUMABLE, True),
    "score": Verb("score", "Score plots and publish the run.", "Nothing was published; run it again."),
    "robustness": Verb("robustness", "Store how often each plot keeps its class.", RESUMABLE, True),
    "explain": Verb("explain", "Say why a plot has its class.", UNCHANGED),
    "score-files": Verb("score_files", "Score the plots of a file from layers in files.", RESUMABLE, True, apart=True),
    "services": Verb("services", "Write minutes from plots to the nearest services.", UNWRITTEN),
    "susceptibility": Verb("susceptibility", "Derive hazard zones where nobody has mapped."),
    "export": Verb("export", "Write the current rows of a layer to a file.", UNWRITTEN),
    "report": Verb("report", "Write a report of a place for print, or a paper for a family.", UNWRITTEN),
    "form": Verb("form", "Write a form for the field that asks what a layer holds.", UNWRITTEN, apart=True),
    "qfield": Verb("qfield", "Write a district's layers as a project for QField and QGIS.", UNWRITTEN),
    "up": Verb("up", "Do all that make demo does, then serve."),
    "water": Verb("water", "Water crops need, turns of water, faults of canals.", UNWRITTEN),
    "scenario": Verb("scenario", "What a change of canals or crops gains and harms.", UNCHANGED),
    "works": Verb("works", "Choose repairs of canals under a budget.", UNWRITTEN),
    "weights": Verb("weights", "Work out weights from a square table of comparisons.", UNCHANGED, apart=True),
    "serve": Verb("serve", "Serve maps, tiles and data over HTTP."),
    "cluster": Verb("cluster", "Make the certificates of a Dask cluster.", apart=True),
    "db": Verb("db", "Start, stop and update the embedded PostGIS.", apart=True),
    "key": Verb("key", "Make, list, replace and end keys of partners and staff."),
    "audit": Verb("audit", "Say who saw, loaded, published, exported or erased what.", UNCHANGED),
    "layer": Verb("layer", "Say what layers hold, load files, take loads back.", UNCHANGED),
    "fetch": Verb("fetch", "Bring open data from their public places and load them.", RESUMABLE, True),
    "plots": Verb("plots", "Propose candidate fields where there is no cadastre.", UNCHANGED),
    "cache": Verb("cache", "Say what is kept that can be made again; clear it.", apart=True),
    "remark": Verb("remark", "List and erase what staff remarked on plots.", UNCHANGED),
    "scheme": Verb("scheme", "List, show and delete schemes that staff stored.", UNCHANGED),
    "jobs": Verb("jobs", "List, show, stop and make what was asked for.", "What was being made waits again."),
    "run": Verb("run", "List runs, compare them, say which one is served.", UNCHANGED),
}


class Verbs(TyperGroup):
    """The verbs of ``obod`` in their order.

    The module of a verb is imported when the verb is run: importing all takes seconds, which listing them, completing
    them and guessing which one was meant need not wait for.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = {verb: TyperCommand(verb, short_help=known.about) for verb, known in VERBS.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the name of the verb that ``args`` begin with, its command, and the rest of them."""
        verb, _, rest = super().resolve_command(ctx, args)
        if verb is not None and VERBS[verb].stopped:
            ctx.with_resource(stoppable())
        if verb is not None and not VERBS[verb].apart and "--help" not in rest:
            from scripts.remains import remove_remains  # takes as long to import as a verb

            remove_remains()
        return verb, None if verb is None else make_command(verb), rest

    def invoke(self, ctx: Any) -> Any:
        """Run the verb; a stop becomes a sentence where the verb does not see to it itself."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            verb = VERBS.get(ctx.invoked_subcommand)
            if verb is None or not verb.stopped:
                raise
            raise Stopped(verb.stopped, PARTLY if verb.by_parts and STANDING.begun else 1) from None


def make_command(verb: str) -> Any:
    """Return the command of a verb; its module is imported."""
    # Modules stay as they are: searching them for garbage while they are made takes a sixth of an import, and again and
    # again afterwards a fifth of a load.
    gc.disable()
    module = import_module(f"scripts.verbs.{VERBS[verb].module}")
    gc.freeze()
    gc.enable()
    one = typer.Typer(callback=obod, pretty_exceptions_enable=False, rich_markup_mode=None, add_completion=False)
    found = getattr(module, "app", None) or getattr(module, verb.replace("-", "_"))
    if isinstance(found, typer.Typer):
        one.add_typer(found, name=verb)
    else:
        layers = verb == "score-files"  # takes an option for each layer
        loose = {"ignore_unknown_options": True, "allow_extra_args": True} if layers else None
        one.command(verb, context_settings=loose, epilog=module.LAYERS_HELP if layers else None)(found)
    group: Any = typer.main.get_command(one)
    return group.commands[verb]


def obod() -> None:  # its presence keeps ``obod VERB`` the form of every command, even of a single one
    pass


app = typer.Typer(
    name="obod",
    cls=Verbs,
    callback=obod,
    help="Land and water planning for families left behind.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """Run the command line; a refusal is one line on stderr, a fault an id whose details are in the log."""
    os.umask(PRIVATE)
    try:
        app()
    except Stopped as stopped:
        sys.stderr.write(f"{stopped}\n")
        raise SystemExit(stopped.code) from None
    except Exception as error:
        sys.stderr.write(f"{sentence_of(error)}\n")
        raise SystemExit(1) from None
