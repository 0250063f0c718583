"""What pages know by heart: the places and the sources of the layers, read again only when a layer has changed."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from api.maps.maplibre_style import Mapped, name_of
from layers.features.places import Gazetteer, read_gazetteer
from layers.features.provenance import Source, sources_of
from layers.postgres.engine import Connection
from layers.records.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class _Read:
    """Something read at the last loads of all layers."""

    loads: Mapping[str, int]
    gazetteer: Gazetteer
    sources: dict[str, list[Source]]


class Atlas:
    """Places and sources of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read: _Read | None = None

    def gazetteer(self, connection: Connection, served: Snapshot) -> Gazetteer:
        """Return the places as of the loads that are served."""
        return self._at(connection, served).gazetteer

    def sources(self, connection: Connection, served: Snapshot, name: str) -> list[Source]:
        """Return the sources of a layer or grid, newest first; ``connection`` must be allowed to read it."""
        known = self._at(connection, served).sources
        if name not in known:
            known[name] = sources_of(connection, [name])
        return known[name]

    def _at(self, connection: Connection, served: Snapshot) -> _Read:
        with self._lock:
            if self._read is None or self._read.loads != served.loads:
                self._read = _Read(served.loads, read_gazetteer(connection), {})
            return self._read


def held(served: Snapshot, layers: tuple[Mapped, ...]) -> tuple[Mapped, ...]:
    """Return those layers and grids something was ever loaded into, in their order."""
    return tuple(layer for layer in layers if name_of(layer) in served.loads)


def get_atlas(request: Request) -> Atlas:
    """Return the atlas of this process."""
    state = request.app.state
    if not hasattr(state, "atlas"):
        state.atlas = Atlas()
    atlas: Atlas = state.atlas
    return atlas


AtlasDep = Annotated[Atlas, Depends(get_atlas)]
