"""HTTP as clients expect it (RFC 9110): HEAD, tags, parts, media types, codings, what other sites may read."""

from __future__ import annotations

import base64
import subprocess
import zlib
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from fastapi.testclient import TestClient

from api.content.exports import AS_READ
from api.main import create_app
from tests.worlds.three_districts import RASHT, Land

TILE = "/tiles/plots/15/22789/12520.mvt"
PICTURE = "/tiles/dem/5/0/0.png"
LIST = f"/districts/{RASHT}/plots"
PUBLIC = (
    *("/districts", f"/districts/{RASHT}", LIST, f"{LIST}?limit=2", f"/districts/{RASHT}/priority", "/places?q=rasht"),
    *("/layers", "/legend/plots", "/tiles/plots.json", TILE, PICTURE, "/plots/TJ-RR-GA-00001"),
    *("/", "/maps/plots", "/maps/plots.js", "/maps/plots.css", "/found?q=rasht"),
    *("/docs", "/openapi.json", "/healthz", "/readyz", "/static/js/docs.js"),
)
STREAMS = (f"{LIST}?limit=all", f"{LIST}?f=csv", f"{LIST}?f=geojson")
PLAIN = {"Accept-Encoding": "identity"}


@pytest.fixture(scope="module")
def client(land: Land) -> Iterator[TestClient]:  # noqa: ARG001 - the land must be there
    """A client of the service on the small land."""
    with TestClient(create_app(), raise_server_exceptions=False) as opened:
        yield opened


def bytes_of(client: TestClient, address: str, **fields: str) -> tuple[Any, bytes]:
    """An answer and its bytes as they came, whatever they are coded in."""
    names = {name.replace("_", "-"): value for name, value in fields.items()}
    with client.stream("GET", address, headers=names) as answer:
        return answer, b"".join(answer.iter_raw())


# --- HEAD -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [*PUBLIC, "/nothing", "/districts/XX", "/metrics"])
def test_head_says_what_get_says_without_a_body(client: TestClient, address: str) -> None:
    told, whole = client.head(address, headers=PLAIN), client.get(address, headers=PLAIN)
    assert (told.status_code, told.content) == (whole.status_code, b"")
    if address != "/metrics":  # counts itself
        assert told.headers["content-length"] == str(len(whole.content))
        assert told.headers.get("etag") == whole.headers.get("etag")
    assert told.headers["content-type"] == whole.headers["content-type"]


@pytest.mark.parametrize("address", STREAMS)
def test_head_of_a_stream_does_not_make_the_stream(
    client: TestClient, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    monkeypatch.setattr("api.web.compression._Sender.send", _counted(sent))
    assert client.get(address).status_code == 200
    parts = len(sent)
    sent.clear()
    told = client.head(address)
    assert (told.status_code, told.content) == (200, b"")
    assert len(sent) <= parts


def _counted(sent: list[int]) -> Any:
    from api.web.compression import _Sender

    inner = _Sender.send

    async def send(self: Any, message: Any) -> None:
        sent.append(len(message.get("body", b"")))
        await inner(self, message)

    return send


def test_a_head_is_counted_as_one(client: TestClient) -> None:
    client.head("/plots/TJ-RR-GA-00002")
    counted = 'obod_requests_total{method="HEAD",route="/plots/{plot_id}",status="200"}'
    assert counted in client.get("/metrics").text


def test_other_methods_are_refused_and_told_which_are_not(client: TestClient) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = client.request(method, "/districts")
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


# --- tags -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", PUBLIC)
def test_every_public_answer_has_a_tag_and_is_not_sent_twice(client: TestClient, address: str) -> None:
    first = client.get(address)
    tag = first.headers["etag"]
    assert not tag.startswith("W/")
    again = client.get(address, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert client.get(address, headers={"If-None-Match": '"another"'}).status_code == 200
    told = client.head(address, headers={"If-None-Match": tag})
    assert told.status_code == 304


@pytest.mark.parametrize("address", ["/districts", LIST, TILE, "/static/js/docs.js", "/openapi.json"])
def test_answers_in_different_codings_have_different_tags(client: TestClient, address: str) -> None:
    bodies, tags = set(), set()
    for coding in ("identity", "gzip", "br", "zstd"):
        answer, body = bytes_of(client, address, accept_encoding=coding)
        bodies.add(body)
        tags.add(answer.headers["etag"])
    assert len(tags) == len(bodies)


# --- parts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [TILE, PICTURE, "/static/js/docs.js", "/districts", LIST])
@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=5-", slice(5, None)),
        ("bytes=-7", slice(-7, None)),
        ("bytes=0-999999999", slice(None)),
        ("bytes=-999999999", slice(None)),
    ],
)
def test_a_part_is_sent_of_what_has_a_length(client: TestClient, address: str, wanted: str, part: slice) -> None:
    whole = client.get(address, headers=PLAIN)
    assert whole.headers["accept-ranges"] == "bytes"
    length = len(whole.content)
    answer, body = bytes_of(client, address, range=wanted, accept_encoding="gzip, br, zstd")
    assert answer.status_code == 206
    assert body == whole.content[part]
    begin = range(length)[part][0]
    assert answer.headers["content-range"] == f"bytes {begin}-{begin + len(body) - 1}/{length}"
    assert answer.headers["content-length"] == str(len(body))
    assert "content-encoding" not in answer.headers


def test_a_part_beyond_the_end_is_refused_and_a_range_nobody_understands_is_the_whole(client: TestClient) -> None:
    length = len(client.get("/districts", headers=PLAIN).content)
    beyond = client.get("/districts", headers={"Range": f"bytes={length}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{length}")
    assert beyond.headers["content-type"] == "application/problem+json"
    assert "content-security-policy" in beyond.headers
    for odd in ("bytes=5-2", "bytes=", "lines=0-3", "bytes=0-1,5-6", "bytes=a-b"):
        answer = client.get("/districts", headers={"Range": odd})
        assert answer.status_code in (200, 416), odd
    assert client.get("/districts", headers={"Range": "bytes=0-1,5-6"}).status_code == 200


def test_a_part_is_sent_only_of_the_file_it_was_begun_with(client: TestClient) -> None:
    tag = client.get("/districts", headers=PLAIN).headers["etag"]
    same = client.get("/districts", headers={"Range": "bytes=0-3", "If-Range": tag})
    other = client.get("/districts", headers={"Range": "bytes=0-3", "If-Range": '"another"'})
    assert (same.status_code, other.status_code) == (206, 200)
    assert len(other.content) > len(same.content)


# --- media types ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_not_accepted_is_not_sent(client: TestClient, address: str) -> None:
    own = client.get(address).headers["content-type"].partition(";")[0]
    kind = own.partition("/")[0]
    for accept in (own, f"{kind}/*", "*/*", f"audio/ogg, {own};q=0.1", "audio/ogg, */*;q=0.1"):
        assert client.get(address, headers={"Accept": accept}).status_code == 200, accept
    for accept in ("audio/ogg", f"{own};q=0, audio/*"):
        answer = client.get(address, headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (406, "application/problem+json"), accept
        assert "content-security-policy" in answer.headers


def test_a_refusal_is_said_to_whoever_accepts_nothing(client: TestClient) -> None:
    answer = client.get("/districts/XX", headers={"Accept": "audio/ogg"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_plots_come_in_the_format_wanted_most(client: TestClient) -> None:
    for accept, wanted in {
        "text/csv;q=0.5, application/geo+json": "application/geo+json",
        "text/csv, application/geo+json;q=0.5": "text/csv",
        "application/json": "application/geo+json",
        "text/html, */*;q=0.8": "application/geo+json",
        "application/flatgeobuf;q=0.9, text/csv;q=0.8": "application/flatgeobuf",
    }.items():
        answer = client.get(LIST, headers={"Accept": accept})
        assert answer.headers["content-type"].partition(";")[0] == wanted, accept
    refused = client.get(LIST, headers={"Accept": "application/xml"})
    assert refused.status_code == 406
    assert "text/csv" in refused.json()["detail"]
    # What the address itself asks for is what is wanted.
    assert client.get(f"{LIST}?f=csv", headers={"Accept": "application/json"}).status_code == 200


def test_files_have_a_name(client: TestClient) -> None:
    for ending in ("csv", "gpkg", "fgb", "parquet", "xlsx", "geojson"):
        named = client.get(f"{LIST}?f={ending}").headers["content-disposition"]
        assert named.startswith(f'attachment; filename="plots-{RASHT}')
        assert named.endswith(f'.{ending}"')


# --- codings --------------------------------------------------------------------------------------------------------


def unbrotli(body: bytes) -> bytes:
    """What Node's Brotli makes of it."""
    script = (
        "process.stdout.write(require('zlib').brotliDecompressSync(Buffer.from(require('fs')"
        ".readFileSync(0, 'latin1'), 'base64')).toString('base64'))"
    )
    made = subprocess.run(["node", "-e", script], input=base64.b64encode(body), capture_output=True, check=True)
    return base64.b64decode(made.stdout)


def unzstd(body: bytes) -> bytes:
    """What the frames hold; their magic number is that of RFC 8878, 3.1.1."""
    assert body.startswith(bytes.fromhex("28b52ffd"))
    with pa.CompressedInputStream(pa.BufferReader(body), "zstd") as stream:
        return bytes(stream.read())


DECODED = {"gzip": lambda body: zlib.decompress(body, 16 + zlib.MAX_WBITS), "br": unbrotli, "zstd": unzstd}


@pytest.mark.parametrize("coding", DECODED)
@pytest.mark.parametrize("address", ["/openapi.json", LIST, *STREAMS, "/static/js/docs.js", "/"])
def test_answers_come_in_the_coding_wanted(client: TestClient, address: str, coding: str) -> None:
    plain = client.get(address, headers=PLAIN)
    answer, body = bytes_of(client, address, accept_encoding=coding)
    assert answer.headers["content-encoding"] == coding
    assert "Accept-Encoding" in answer.headers["vary"]
    assert "Accept-Encoding" in plain.headers["vary"]
    assert len(body) < len(plain.content)
    assert DECODED[coding](body) == plain.content
    if "content-length" in answer.headers:
        assert answer.headers["content-length"] == str(len(body))


def test_pictures_and_packed_files_are_left_as_they_are(client: TestClient) -> None:
    for address in (PICTURE, f"{LIST}?f=xlsx", f"{LIST}?f=parquet"):
        answer, _ = bytes_of(client, address, accept_encoding="gzip, br, zstd")
        assert "content-encoding" not in answer.headers, address


# --- other sites ----------------------------------------------------------------------------------------------------


def test_another_site_may_ask_conditionally_and_read_what_is_said(client: TestClient) -> None:
    origin = {"Origin": "https://example.org", "Access-Control-Request-Method": "GET"}
    for field in ("if-none-match", "range", "if-range", "x-api-key", "authorization"):
        asked = client.options("/districts", headers={**origin, "Access-Control-Request-Headers": field})
        assert asked.status_code == 200, field
        assert field in asked.headers["access-control-allow-headers"].lower()
    seen = client.get("/districts", headers={"Origin": "https://example.org"}).headers["access-control-expose-headers"]
    for field in ("ETag", "Content-Disposition", "Content-Range", "Accept-Ranges"):
        assert field in seen.split(", ")
    refused = client.get("/districts", headers={"Origin": "https://example.org", "Accept": "audio/ogg"})
    assert refused.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("address", [*STREAMS, f"{LIST}?f=csv&class=S1"])
@pytest.mark.parametrize("coding", ["identity", "gzip", "zstd"])
def test_streams_have_a_tag_and_nothing_is_read_for_who_has_it(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, address: str, coding: str
) -> None:
    asked = {"Accept-Encoding": coding}
    first = client.get(address, headers=asked)
    tag = first.headers["etag"]
    assert tag.endswith('"' if coding == "identity" else f'-{coding}"')
    assert client.get(address, headers=asked).headers["etag"] == tag
    other = client.get(f"{address}&lang=ru", headers=asked).headers["etag"]
    assert other != tag

    def read(*_: object) -> None:
        raise AssertionError("read for whoever has it")

    for name in ("routes.plots.stream_geojson", "content.exports.stream_geojson", "content.exports.stream_csv"):
        monkeypatch.setattr(f"api.{name}", read)
    for form in list(AS_READ):
        monkeypatch.setitem(AS_READ, form, read)
    again = client.get(address, headers={**asked, "If-None-Match": f'W/"x", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert "Accept-Encoding" in again.headers["vary"]


@pytest.mark.parametrize("address", ["/", "/found?q=rasht", "/maps/plots", "/layers", "/legend/plots", LIST])
def test_answers_in_words_vary_with_the_language(client: TestClient, address: str) -> None:
    for asked in ({}, {"Accept-Language": "ru"}):
        assert "Accept-Language" in client.get(address, headers=asked).headers["vary"], address
