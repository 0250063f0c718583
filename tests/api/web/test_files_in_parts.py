"""Finished files over HTTP: their length is told, they come in parts, and GDAL reads them where they lie."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from fastapi.testclient import TestClient

from api.main import create_app
from layers.settings import get_settings
from tests.clients.process import other_settings
from tests.worlds.three_districts import COUNTS, RASHT, Land

LIST = f"/districts/{RASHT}/plots"
FORMATS = ("csv", "gpkg", "fgb", "parquet", "xlsx", "geojson")
PLAIN = {"Accept-Encoding": "identity"}


@pytest.fixture(scope="module")
def client(land: Land) -> Iterator[TestClient]:
    """A client of the service on the small land."""
    assert land.rows
    with TestClient(create_app(), raise_server_exceptions=False) as opened:
        yield opened


@contextmanager
def listening() -> Iterator[str]:
    """Address of a service that real programs can ask."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        free.listen()
        server = uvicorn.Server(uvicorn.Config(create_app(), log_level="error", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [free]})
        thread.start()
        try:
            while thread.is_alive() and not server.started:
                thread.join(0.05)
            yield f"http://127.0.0.1:{free.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.mark.parametrize("ending", FORMATS)
def test_a_file_is_taken_in_parts_that_make_the_whole(client: TestClient, ending: str) -> None:
    address = f"{LIST}?f={ending}&lang=en"
    told = client.head(address, headers=PLAIN)
    length, tag = int(told.headers["content-length"]), told.headers["etag"]
    assert told.headers["accept-ranges"] == "bytes"
    assert told.headers["content-disposition"].endswith(f'.{ending}"')
    whole = client.get(address, headers=PLAIN)
    assert (len(whole.content), whole.headers["etag"]) == (length, tag)
    third = length // 3
    parts = []
    for wanted in (f"bytes=0-{third - 1}", f"bytes={third}-{2 * third - 1}", f"bytes={2 * third}-"):
        part = client.get(address, headers={"Range": wanted, "If-Range": tag})
        assert (part.status_code, part.headers["etag"]) == (206, tag)
        parts.append(part.content)
    assert b"".join(parts) == whole.content
    assert client.get(address, headers={"If-None-Match": tag, **PLAIN}).status_code == 304
    beyond = client.get(address, headers={"Range": f"bytes={length}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{length}")
    assert beyond.headers["content-type"] == "application/problem+json"


def test_files_of_other_contents_are_other_files(client: TestClient) -> None:
    asked = ("", "&lang=ru", "&class=S1", "&limit=2", "&sortby=plot_id")
    tags = {client.head(f"{LIST}?f=gpkg{rest}").headers["etag"] for rest in asked}
    assert len(tags) == len(asked)


def test_a_file_there_is_no_room_for_is_sent_all_the_same(land: Land) -> None:
    assert land.rows
    with other_settings(EXPORT_CACHE_GB="0"), TestClient(create_app()) as client:
        answer = client.get(f"{LIST}?f=fgb&lang=tg")
        assert (answer.status_code, answer.content[:4]) == (200, b"fgb\x03")
    assert not list((get_settings().home / "exports").glob("*.draft"))


@pytest.mark.heavy
@pytest.mark.parametrize("ending", ["fgb", "geojson"])
def test_gdal_reads_a_file_where_it_lies(land: Land, ending: str) -> None:
    assert land.rows
    with listening() as address:
        asked = ["ogrinfo", "-ro", "-so", "-al", f"/vsicurl/{address}{LIST}?f={ending}&lang=en"]
        said = subprocess.run(asked, capture_output=True, text=True, timeout=120, check=False)
    assert f"Feature Count: {COUNTS[RASHT]}" in said.stdout, said.stdout + said.stderr
