"""Outlines of fields that were fetched: no layer takes them as they are, proposals of a district are made of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from layers.errors import NotFound
from layers.sources.declaration import Source, declared_sources
from layers.sources.store import Store


class Outlines(NamedTuple):
    """Files of outlines, and where they come from."""

    paths: tuple[Path, ...]
    source: str
    licence: str


def fetched_outlines(name: str) -> Outlines:
    """Return the outlines of fields that a source has brought.

    Raises
    ------
    NotFound : there is no such source of outlines, or nothing of it is here.
    """
    sources = _with_outlines()
    if name not in sources:
        raise NotFound(
            f"There is no file {name}, and no source of that name that has outlines of fields; those that have are "
            f"{', '.join(sorted(sources))}."
        )
    source, store = sources[name], Store()
    address = str(source.fields_from)
    files = store.names(name, address)
    if not files:
        raise NotFound(f"No outlines of {name} are here: obod fetch {name} brings them.")
    paths = tuple(store.place(name, address, file) for file in files)
    return Outlines(paths, f"{source.title}, {source.version}", source.terms.said)


def _with_outlines() -> Mapping[str, Source]:
    return {name: source for name, source in declared_sources().items() if source.fields_from is not None}
