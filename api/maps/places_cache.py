"""What pages know by heart: places, sources of layers and how exact they are, read again when a layer has changed."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request

from api.maps.maplibre_style import Mapped, name_of
from layers.cache.memory import Memo
from layers.catalogue import BY_NAME, RASTERS_BY_NAME
from layers.features.accuracy import Accuracy, accuracy_of
from layers.features.places import Gazetteer, read_gazetteer
from layers.features.provenance import Source, sources_of
from layers.postgres.engine import Connection
from layers.records.snapshot import Snapshot


class Atlas:
    """Places, sources and accuracies of one process, each good for the loads that are served."""

    def __init__(self) -> None:
        self._gazetteer: Memo[None, Gazetteer] = Memo("places", most=1)
        layers = len(BY_NAME) + len(RASTERS_BY_NAME)
        self._sources: Memo[str, list[Source]] = Memo("sources", most=layers)
        self._accuracies: Memo[str, Accuracy] = Memo("accuracies", most=layers)

    def gazetteer(self, connection: Connection, served: Snapshot) -> Gazetteer:
        """Return the places as of the loads that are served."""
        return self._gazetteer.get(None, lambda: read_gazetteer(connection), fresh=served.loads)

    def sources(self, connection: Connection, served: Snapshot, name: str) -> list[Source]:
        """Return the sources of a layer or grid, newest first; ``connection`` must be allowed to read it."""
        return self._sources.get(name, lambda: sources_of(connection, [name]), fresh=served.loads)

    def accuracy(self, connection: Connection, served: Snapshot, name: str) -> Accuracy:
        """Return how exact a layer or grid is; ``connection`` must be allowed to read it."""
        return self._accuracies.get(name, lambda: accuracy_of(connection, name), fresh=served.loads)


def held(served: Snapshot, layers: tuple[Mapped, ...]) -> tuple[Mapped, ...]:
    """Return those layers and grids something was ever loaded into, in their order."""
    return tuple(layer for layer in layers if name_of(layer) in served.loads)


def get_atlas(request: Request) -> Atlas:
    """Return the atlas of this process."""
    return cast(Atlas, request.app.state.atlas)


AtlasDep = Annotated[Atlas, Depends(get_atlas)]
