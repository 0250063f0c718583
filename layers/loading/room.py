"""Whether there is room for a file, asked before anything of it is stored."""

from __future__ import annotations

import shutil
from pathlib import Path

from layers.errors import DataRefused
from layers.loading.reading import parts_of
from layers.postgres.cluster import Cluster
from layers.postgres.failure import LEAST_ROOM_MB
from layers.postgres.server import MB
from layers.settings import get_settings

# Times the file: its rows, their index, both again in the log of the server until the next checkpoint. An estimate; a
# disk that fills all the same ends the load whole, with its sentence.
TIMES_THE_FILE = 4


def require_room(path: Path) -> None:
    """Refuse a file for which the disks of the database and of ``OBOD_HOME`` have no room.

    Of a database elsewhere (``OBOD_DATABASE_URL``) only its server knows.

    Raises
    ------
    DataRefused : says how much is needed and how much is free.
    """
    settings = get_settings()
    needed_mb = LEAST_ROOM_MB + TIMES_THE_FILE * sum(part.stat().st_size for part in parts_of(path)) // MB
    home = settings.home.absolute()
    disks = [next(folder for folder in (home, *home.parents) if folder.exists())]
    if settings.database_url is None:
        disks.append(Cluster(home).files)
    free_mb = min(shutil.disk_usage(disk).free // MB for disk in disks)
    if free_mb < needed_mb:
        raise DataRefused(
            f"{path.name} needs about {needed_mb:,} MB of room, and {free_mb:,} MB are free on the disk of the "
            "database; nothing was changed."
        )
