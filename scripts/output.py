"""How every command speaks: results on stdout (people or JSON), progress and refusals on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from scripts.stopping import STANDING

PLAIN_WIDTH = 200  # characters of a line where nobody is at a terminal: tables in files and pipes are not folded

out = Console(soft_wrap=True, width=None if sys.stdout.isatty() else PLAIN_WIDTH)
err = Console(stderr=True, soft_wrap=True)

SHORT = 16  # characters; a column of such cells keeps its width, longer ones share what is left

Item = TypeVar("Item")


def tell(sentence: str) -> None:
    """Write a sentence about what is being done on stderr."""
    err.print(sentence, highlight=False, markup=False)


def print_json(result: Any) -> None:
    """Write ``result`` as one JSON document on stdout."""
    option = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY
    sys.stdout.write(orjson.dumps(result, option=option, default=str).decode() + "\n")


def print_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], title: str | None = None) -> None:
    """Write rows as a table for people; a missing value is an empty cell. Short columns are never broken."""
    table = Table(title=title, show_edge=False)
    for column in columns:
        longest = max((len(str(row.get(column) or "")) for row in rows), default=0)
        table.add_column(column, overflow="fold", no_wrap=longest <= SHORT)
    for row in rows:
        table.add_row(*("" if row.get(column) is None else str(row[column]) for column in columns))
    out.print(table)


def tracked(items: Iterable[Item], *, total: int, what: str) -> Iterator[Item]:
    """Yield ``items`` showing progress: a bar on a terminal, a plain line per tenth elsewhere."""
    items = _standing(items, total, what)
    if err.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=err, transient=True) as progress:
            yield from progress.track(items, total=total, description=what)
        return
    said = 0
    for count, item in enumerate(items, start=1):
        yield item
        tenth = 10 * count // max(total, 1)
        if tenth > said:
            said = tenth
            err.print(f"{what}: {count} of {total}", highlight=False)


def _standing(items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
    STANDING.move(what, 0, total)
    for count, item in enumerate(items, start=1):
        yield item
        STANDING.move(what, count, total)
