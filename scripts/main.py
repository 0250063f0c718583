"""Assembly of the ``obod`` command. Exit codes: 0 done, 1 refused or nothing matched, 2 wrong usage."""

from __future__ import annotations

import gc
import logging
import sys
import uuid
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from geo.errors import SuitabilityError
from layers.errors import LayersError

# Verb -> module of scripts with a function or group of that name. Modules are imported when their verb is asked for:
# importing all of them takes a second, which every command would wait for.
VERBS = {
    "backup": "backup",
    "restore": "backup",
    "demo": "demo",
    "score": "score",
    "robustness": "robustness",
    "explain": "explain",
    "score-files": "score_files",
    "services": "services",
    "susceptibility": "susceptibility",
    "export": "export",
    "up": "up",
    "weights": "weights",
    "serve": "serve",
    "db": "db",
    "layer": "layer",
    "run": "run",
}


class Verbs(TyperGroup):
    """The verbs of ``obod`` in their order, each imported when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - named by the base class
        """Return the verbs."""
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command of a verb, None for an unknown one, with all there to look for a similar name."""
        for verb in (cmd_name,) if cmd_name in VERBS else VERBS:
            if verb not in self.commands:
                self.add_command(_made(verb), verb)
        return super().get_command(ctx, cmd_name)


def _made(verb: str) -> Any:
    # Modules stay as they are: searching them for garbage while they are made takes a sixth of an import, and again and
    # again afterwards a fifth of a load.
    gc.disable()
    module = import_module(f"scripts.{VERBS[verb]}")
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
    try:
        app()
    except Exception as error:
        from layers.database import explain  # nobody need wait for it before something goes wrong
        from layers.settings import get_settings

        refusal = error if isinstance(error, SuitabilityError | LayersError) else explain(error)
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
