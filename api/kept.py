"""Public answers kept while the snapshot of what is served stands that they were made of.

Making a page of a thousand plots takes the database and us tens of milliseconds; giving the same bytes again, one.
What only partners or staff may read is never kept.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fastapi import Request, Response

from layers.served import Served

MEMORY_BYTES: Final = 64 * 1024 * 1024  # bytes of answers kept by one process
AT_ONCE: Final = max(2, os.cpu_count() or 2)  # answers made at a time; more would only slow each other down
LARGEST: Final = MEMORY_BYTES // 16  # bytes of one answer; a larger one would push out too many others

Key = tuple[str, str, bool]  # address with its query, root path, packed


@dataclass(frozen=True, slots=True)
class Finished:
    """A whole answer: body as sent, media type, header fields, and the snapshot it holds for."""

    served: Served
    body: bytes
    media_type: str
    headers: Mapping[str, str]

    def answer(self, request: Request) -> Response:
        """Return it, or 304 to who has it."""
        known = request.headers.get("if-none-match", "")
        if known == "*" or self.headers["ETag"] in (part.strip().removeprefix("W/") for part in known.split(",")):
            left = {name: value for name, value in self.headers.items() if name != "Content-Encoding"}
            return Response(status_code=304, headers=left)
        return Response(self.body, media_type=self.media_type, headers=dict(self.headers))


class KeptAnswers:
    """Finished answers by address; the last asked stay. Links in an answer name its host, so the host is in the key.

    ``making`` is held while an answer is made.
    """

    def __init__(self, memory_bytes: int = MEMORY_BYTES, largest: int = LARGEST) -> None:
        self.making = threading.Semaphore(AT_ONCE)
        self._memory_bytes, self._largest = memory_bytes, largest
        self._lock = threading.Lock()
        self._answers: OrderedDict[Key, Finished] = OrderedDict()
        self._bytes = 0

    @property
    def held_bytes(self) -> int:
        """Bytes of all bodies together."""
        return self._bytes

    def find(self, request: Request, served: Served) -> Finished | None:
        """Return the answer to a request, if it was made of this very snapshot."""
        key = _key(request)
        with self._lock:
            found = self._answers.get(key)
            if found is None or found.served is not served:
                return None
            self._answers.move_to_end(key)
            return found

    def keep(self, request: Request, answer: Response, served: Served) -> Finished:
        """Keep a whole public answer that was made of a snapshot, and return it with its tag."""
        body = bytes(answer.body)
        tag = hashlib.blake2b(body, digest_size=16).hexdigest()
        headers = {name: answer.headers[name] for name in _FIELDS if name in answer.headers} | {"ETag": f'"{tag}"'}
        finished = Finished(served, body, str(answer.media_type), headers)
        if len(body) <= self._largest:
            key = _key(request)
            with self._lock:
                before = self._answers.pop(key, None)
                self._answers[key] = finished
                self._bytes += len(body) - (len(before.body) if before else 0)
                while self._bytes > self._memory_bytes:
                    _, oldest = self._answers.popitem(last=False)
                    self._bytes -= len(oldest.body)
        return finished


_FIELDS: Final = ("Cache-Control", "Vary", "Content-Encoding")


def _key(request: Request) -> Key:
    packed = "gzip" in request.headers.get("accept-encoding", "")
    return str(request.url), request.scope.get("root_path", ""), packed
