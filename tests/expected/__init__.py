"""What Obod told the world when somebody last looked: OpenAPI, legends and SQL, committed word for word.

``python -m tests.expected`` writes the files anew; whoever does so reads the difference and stands for it. The files
are the oracle, so the test that compares and the command that renews share ``expected_texts``.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from itertools import chain, islice
from pathlib import Path

from tests.expected.legends import legend_texts
from tests.expected.openapi import openapi_text
from tests.expected.statements import statement_texts
from tests.expected.tables import table_texts

FOLDER = Path(__file__).parent
RENEW = "python -m tests.expected"
KINDS = ("openapi.json", "legends/*", "sql/*", "sql/*/*")  # what the command owns below its folder
MOST_LINES = 40  # of a difference that is shown
LONGEST_LINE = 160  # characters of it


def expected_texts() -> dict[str, str]:
    """Return the text of every file as it is made now, by its path below the folder."""
    return {
        "openapi.json": openapi_text(),
        **{f"legends/{name}.json": text for name, text in legend_texts().items()},
        **{f"sql/tables/{name}.sql": text for name, text in table_texts().items()},
        **{f"sql/{name}.sql": text for name, text in statement_texts().items()},
    }


def committed_files(folder: Path = FOLDER) -> set[str]:
    """Return the paths below the folder of the files that are there."""
    found = chain.from_iterable(folder.glob(kind) for kind in KINDS)
    return {path.relative_to(folder).as_posix() for path in found if path.is_file()}


def find_differences(made: Mapping[str, str], folder: Path = FOLDER) -> dict[str, str]:
    """Return what is not as committed, by file: a short difference, or why there is none."""
    committed = committed_files(folder)
    found = dict.fromkeys(committed - made.keys(), "nothing makes this file any more")
    for name, text in made.items():
        if name not in committed:
            found[name] = "is made now and not committed"
            continue
        before = (folder / name).read_text("utf-8")
        if before != text:
            found[name] = _difference(before, text)
    return dict(sorted(found.items()))


def renew_files(made: Mapping[str, str], folder: Path = FOLDER) -> list[str]:
    """Write what is not as committed, delete what is left over; return the files touched."""
    touched = list(find_differences(made, folder))
    for name in touched:
        path = folder / name
        if name in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made[name], "utf-8")
        else:
            path.unlink()
    return touched


def _difference(before: str, now: str) -> str:
    """Changed lines with one line around them. Long lines of SQL are taken apart at their commas first."""
    old, new = (text.replace(", ", ",\n").splitlines() for text in (before, now))
    lines = islice(difflib.unified_diff(old, new, "committed", "made now", n=1, lineterm=""), MOST_LINES)
    shown = "\n".join(line[:LONGEST_LINE] for line in lines)
    return shown or "differs in line ends only"
