"""Every setting and every verb on one page: ``python -m scripts.document`` writes docs/reference.md.

``--check`` says whether the page is current, so that no setting or verb is without a description.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from layers.settings import PREFIX, Settings
from scripts.main import VERBS, make_command

PAGE = Path(__file__).parents[1] / "docs" / "reference.md"


def describe_settings() -> Iterator[str]:
    """Yield a table row for each setting: its variable, its default, what it means.

    Raises
    ------
    ValueError : a setting has no description; names it.
    """
    yield "| variable | default | meaning |"
    yield "|---|---|---|"
    for name, field in Settings.model_fields.items():
        if not field.description:
            raise ValueError(f"the setting {name} has no description")
        yield f"| `{PREFIX}{name.upper()}` | {_default(field)} | {field.description}{_limits(field)} |"


def describe_verbs() -> Iterator[str]:
    """Yield the section of each verb: what it does, its arguments and options.

    Raises
    ------
    ValueError : an option has no description; names it.
    """
    for verb, declared in VERBS.items():
        yield f"### obod {verb}"
        yield ""
        yield declared.about
        yield ""
        command = make_command(verb)
        parts = getattr(command, "commands", None)
        if parts is None:
            yield from _describe_command(f"obod {verb}", command)
        else:
            for name, part in parts.items():
                yield f"`obod {verb} {name}`: {_first_line(part.help)}"
                yield ""
                yield from _describe_command(f"obod {verb} {name}", part)


HEAD = """# Reference: settings and verbs

Written by `python -m scripts.document`; `make check` holds it current.

## Settings

Environment variables, read once when a process starts. A value that is not understood ends the process with one
sentence.
"""

EXIT_CODES = """## Verbs

Exit code 0: done. 1: refused or nothing matched, nothing was changed. 2: wrong usage. 3: part of several independent
inputs is done.
"""


def page() -> str:
    """Return the page."""
    return "\n".join((HEAD, *describe_settings(), "", EXIT_CODES, *describe_verbs())).rstrip("\n") + "\n"


def main(arguments: list[str]) -> int:
    """Write the page, or with ``--check`` say whether it is current."""
    wanted = page()
    if "--check" in arguments:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != wanted:
            sys.stderr.write("docs/reference.md is not current; run python -m scripts.document\n")
            return 1
        return 0
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


def _describe_command(called: str, command: Any) -> Iterator[str]:
    rows = []
    for parameter in command.params:
        named = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
        if parameter.param_type_name == "argument":
            named = f"`{parameter.metavar or parameter.name.upper()}`"
        if not parameter.help:
            raise ValueError(f"{called} has no description of {named}")
        if "--help" not in parameter.opts:
            rows.append(f"| {named} | {parameter.help} |")
    if rows:
        yield from ("| argument or option | meaning |", "|---|---|", *rows, "")


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is None or isinstance(value, SecretStr):
        return "unset"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"`{value}`" if str(value) else "empty"


def _limits(field: FieldInfo) -> str:
    least = next((limit.ge for limit in field.metadata if hasattr(limit, "ge")), None)
    most = next((limit.le for limit in field.metadata if hasattr(limit, "le")), None)
    if least is None and most is None:
        return ""
    return f" (at least {least})" if most is None else f" ({'' if least is None else f'{least} '}to {most})"


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
