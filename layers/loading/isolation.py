"""Starts the program that reads a file, waits for what it hands on, and ends it when it takes too long."""

from __future__ import annotations

import json
import logging
import os
import select
import struct
import subprocess
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from layers.errors import DataRefused
from layers.loading.admission import AdmittedFile
from layers.loading.chunks import CHUNK
from layers.settings import get_settings

log = logging.getLogger(__name__)

PROGRAM = Path(__file__).with_name("isolated_reader.py")
HEADER = struct.Struct(">cQ")
BYTES_A_SECOND = 1e6  # what the slowest machine reads of the slowest format
TAGS = Path(__file__).with_name("osmconf.ini")  # tags of OpenStreetMap that become columns
NODES_MB, NODES_PER_BYTE = 64, 10  # room for nodes, which is taken at once: so much, and so many times the file's size
KEPT = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")

# What GDAL would do by itself beyond reading: fetch, call Python, open what a database names, use several threads.
ENVIRONMENT = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # counts against the limit as it is used, not as it is set aside
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
    "GDAL_DRIVER_PATH": "disable",
    "GDAL_NUM_THREADS": "1",
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "LANG": "C.UTF-8",
    "OGR_SQLITE_STATIC_VIRTUAL_OGR": "NO",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


class Frame(NamedTuple):
    """One piece of an answer: its letter, see ``isolated_reader``, and its content."""

    kind: str
    content: memoryview

    def json(self) -> Any:
        """Return the content as JSON."""
        return json.loads(bytes(self.content))


class Reading:
    """A file that is being read by a process of its own; ends with the object."""

    def __init__(self, file: AdmittedFile, task: str, **asked: Any) -> None:
        settings = get_settings()
        self._file = file
        size = sum(part.stat().st_size for part in file.path.parent.glob("*") if part.is_file())
        if file.path.is_dir():
            size = sum(part.stat().st_size for part in file.path.rglob("*") if part.is_file())
        self._seconds = settings.file_seconds + size / BYTES_A_SECOND
        request = {
            "task": task,
            "path": str(file.path),
            "name": file.name,
            "driver": file.kind.driver,
            "batch": CHUNK,
            "rows": settings.file_rows,
            "cells": settings.file_cells,
            "memory_bytes": int(settings.file_memory_gb * 1024**3),
            "processor_s": int(10 * self._seconds) + 1,
            **asked,
        }
        # GDAL puts nodes by for the lines it makes of them; what reads may write no file, so in memory.
        nodes_mb = min(NODES_MB + NODES_PER_BYTE * size // 2**20, int(settings.file_memory_gb * 1024 / 2))
        of_tags = {"OSM_CONFIG_FILE": str(TAGS), "OSM_MAX_TMPFILE_SIZE": str(nodes_mb)}
        environment = {**ENVIRONMENT, **of_tags, **{name: os.environ[name] for name in KEPT if name in os.environ}}
        self._process = subprocess.Popen(
            [sys.executable, "-I", PROGRAM, json.dumps(request)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=file.path.parent,
            bufsize=0,
        )
        assert self._process.stdout is not None
        self._out = self._process.stdout
        self.end = weakref.finalize(self, _end, self._process)
        self.seen = 0

    def frames(self) -> Iterator[Frame]:
        """Yield what comes until all is there.

        Raises
        ------
        DataRefused : the file is damaged, of more than is taken, or what reads it crashes or takes too long.
        """
        while True:
            frame = self.next()
            if frame is None:
                return
            yield frame

    def next(self) -> Frame | None:
        """Return the next piece, None at the end. Raises as ``frames``."""
        if not self.end.alive:
            return None
        kind, size = HEADER.unpack(self._take(HEADER.size))
        if size > get_settings().file_memory_gb * 1024**3:  # more than the other side can hold
            self.end()
            raise self._damaged()
        frame = Frame(kind.decode(), self._take(size))
        if frame.kind == "Z":
            self.end()
            return None
        if frame.kind == "E":
            said = frame.json()
            self.end()
            if isinstance(said, str):
                raise DataRefused(f"{self._file.name} {said}.")
            log.info("reading a file ended with %.200r", said)
            raise self._damaged()
        return frame

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches of rows that come next. Raises as ``frames``."""
        schema: pa.Schema | None = None
        for frame in self.frames():
            if frame.kind == "S":
                schema = pa.ipc.read_schema(pa.py_buffer(frame.content))
                continue
            batch = pa.ipc.read_record_batch(pa.py_buffer(frame.content), schema)
            self.seen += len(batch)
            yield batch

    def _take(self, size: int) -> memoryview:
        """Return so many bytes, waiting for them."""
        content = memoryview(bytearray(size))
        at = 0
        while at < size:
            if not select.select([self._out], [], [], self._seconds)[0]:
                self.end()
                raise DataRefused(
                    f"{self._file.name} takes more than {self._seconds:.0f} seconds to read, which OBOD_FILE_SECONDS "
                    "sets, or is damaged."
                )
            read = os.readv(self._out.fileno(), [content[at:]])
            if not read:
                self.end()
                raise self._damaged()
            at += read
        return content

    def _damaged(self) -> DataRefused:
        name = self._file.name
        if self.seen:
            return DataRefused(f"{name} cannot be read beyond row {self.seen}: it is damaged.")
        return DataRefused(f"{name} cannot be opened: it is cut short or damaged.")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process that was started here, whatever it is doing."""
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
