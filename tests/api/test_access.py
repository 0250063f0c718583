"""Nobody is told what is not for them, by whatever way they ask: every audience against every surface."""

from __future__ import annotations

import gzip
import shutil
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import permutations, product
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import mapbox_vector_tile
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection, Engine, text

from api import main
from api.main import create_app
from layers.catalogue.base import PARTNER, PUBLIC, STAFF, Audience
from layers.catalogue.land import Plot
from layers.errors import DatabaseUnavailable
from layers.features.export import Format
from layers.schema.access import create_key, revoke
from layers.settings import get_settings
from tests.drills.figures import Note
from tests.worlds.three_districts import CANARY, CANARY_COUNT, CORNERS, NUROBOD, PARTNERS_CANARY, RASHT, Land

HIDDEN = sorted(Plot.attributes(STAFF).keys() - Plot.attributes(PUBLIC).keys())
PLOTS = f"/districts/{RASHT}/plots"
TILE = "/tiles/plots/15/22789/12520.mvt"  # holds the corner of the plots of Rasht


@dataclass(frozen=True)
class Keys:
    """One key of each kind."""

    partner: str
    staff: str
    staff_of_nurobod: str
    revoked: str


@pytest.fixture(scope="module")
def keys(database: Engine, land: Land) -> Keys:
    assert land.rows
    with database.begin() as connection:
        made = Keys(
            create_key(connection, PARTNER, "partner"),
            create_key(connection, STAFF, "staff"),
            create_key(connection, STAFF, "staff of one district", [NUROBOD]),
            create_key(connection, STAFF, "revoked"),
        )
        revoke(connection, made.revoked)
        return made


@pytest.fixture(scope="module")
def client(keys: Keys) -> Iterator[TestClient]:  # noqa: ARG001 - the keys must be there
    """A client of the service on the small land."""
    with TestClient(create_app()) as opened:
        yield opened


def readable(content: bytes, folder: Path) -> bytes:
    """All bytes of an answer, with what is packed in it unpacked."""
    if content.startswith(b"PK"):
        path = folder / "packed.zip"
        path.write_bytes(content)
        with zipfile.ZipFile(path) as packed:
            return b"".join(packed.read(name) for name in packed.namelist())
    if content.startswith(b"PAR1"):
        path = folder / "packed.parquet"
        path.write_bytes(content)
        return str(pq.read_table(path).to_pydict()).encode()
    return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content


SURFACES = (
    "/",
    "/districts",
    f"/districts/{RASHT}",
    f"{PLOTS}?limit=all",
    f"{PLOTS}?limit=10000&sortby=-score",
    *(f"{PLOTS}?f={item}" for item in Format),
    "/plots/TJ-RR-GA-00001",
    "/maps/plots",
    "/maps/plots/1001/card",
    TILE,
    "/tiles/plots/8/178/97.mvt",
    "/tiles/plots.json",
    "/tiles/pastures/12/2848/1564.mvt",
    "/tiles/pastures.json",
    "/legend/plots",
    "/legend/pastures",
    "/layers",
    "/places?q=rasht",
    "/openapi.json",
    "/metrics",
)


@pytest.mark.parametrize("surface", SURFACES)
def test_the_public_never_meets_a_canary(client: TestClient, surface: str, tmp_path: Path) -> None:
    answer = client.get(surface)
    content = readable(answer.content, tmp_path)
    assert CANARY.encode() not in content
    assert str(CANARY_COUNT).encode() not in content
    assert PARTNERS_CANARY.encode() not in content
    assert CANARY not in str(answer.headers)


@pytest.mark.parametrize("surface", SURFACES)
def test_a_partner_meets_no_staff_canary(client: TestClient, keys: Keys, surface: str, tmp_path: Path) -> None:
    answer = client.get(surface, headers={"X-API-Key": keys.partner})
    content = readable(answer.content, tmp_path)
    assert CANARY.encode() not in content
    assert str(CANARY_COUNT).encode() not in content


ROLES = ("public", "partner", "staff")
STATES = ("cold", "kept", "named", "part", "head", "packed")  # caches empty, filled, asked with a tag, in part, packed


HIDDEN_FROM = {
    "public": (CANARY, str(CANARY_COUNT), PARTNERS_CANARY),
    "partner": (CANARY, str(CANARY_COUNT)),
    "staff": (),
}


@pytest.mark.heavy
def test_no_canary_comes_to_another_whoever_asked_before(keys: Keys, tmp_path: Path, figure: Note) -> None:
    """Role by role in every order, on caches that the others have filled; with the tags of the others, too."""
    headers = {"public": {}, "partner": {"X-API-Key": keys.partner}, "staff": {"X-API-Key": keys.staff}}
    asked: Counter[str] = Counter()
    met = 0
    for surface, order in product(SURFACES, permutations(ROLES)):
        for folder in ("tiles", "features", "exports", "pictures"):
            shutil.rmtree(get_settings().home / folder, ignore_errors=True)
        tags: list[str] = []
        with TestClient(create_app()) as client:
            for role, state in product(order, STATES):
                body, fields = ask_in(client, surface, state, headers[role], tags)
                tags.extend(tag for name, tag in fields.items() if name == "etag")
                content = readable(body, tmp_path) + str(fields).encode()
                for word in HIDDEN_FROM[role]:
                    assert word.encode() not in content, (surface, order, role, state, word)
                asked[role] += 1
                met += role == "staff" and CANARY.encode() in content
    assert met > 100, "staff meet what is theirs, so that the search could have found it elsewhere"
    figure(
        "canaries, role by route by format by state of caches",
        f"{asked.total():,} answers of {len(SURFACES)} routes and formats in {len(STATES)} states of caches, roles in "
        f"6 orders: the planted values came to staff {met:,} times, to nobody else",
        0,
    )


def ask_in(
    client: TestClient, surface: str, state: str, headers: dict[str, str], tags: list[str]
) -> tuple[bytes, dict[str, str]]:
    """Give body and fields of an answer in one of the states; with all tags so far, it may be told nothing is new."""
    asked = dict(headers)
    if state == "named" and tags:
        asked["If-None-Match"] = ", ".join(tags)
    elif state == "part":
        asked["Range"] = "bytes=0-"
    elif state == "packed":
        asked["Accept-Encoding"] = "gzip"
    answer = client.request("HEAD" if state == "head" else "GET", surface, headers=asked)
    return answer.content, dict(answer.headers)


def test_a_partner_meets_what_is_for_partners(client: TestClient, keys: Keys) -> None:
    answer = client.get("/layers", headers={"X-API-Key": keys.partner})
    assert PARTNERS_CANARY in answer.text


def test_staff_see_the_staff_columns_and_nobody_keeps_them_for_others(client: TestClient, keys: Keys) -> None:
    answer = client.get(f"{PLOTS}?sortby=plot_no", headers={"Authorization": f"Bearer {keys.staff}"})
    row = answer.json()["features"][0]["properties"]
    assert row["cadastral_no"].startswith(CANARY)
    number = int(row["cadastral_no"].removeprefix(f"{CANARY}-"))  # rows are numbered from 1, right classes go round
    assert row["right_class"] == f"O{(number - 1) % 12 + 1}"
    assert (row["missing_documents"], row["disputes"]) == (CANARY_COUNT, CANARY_COUNT)
    assert answer.headers["cache-control"] == "private, no-store"
    tile = client.get(f"{TILE}?attributes=right_class", headers={"X-API-Key": keys.staff})
    features = mapbox_vector_tile.decode(tile.content)["plots"]["features"]
    assert "right_class" in features[0]["properties"]
    assert tile.headers["cache-control"] == "private, no-cache"
    assert "X-API-Key" in tile.headers["vary"]
    # The same tile was just made for staff; the public still cannot have it.
    assert client.get(f"{TILE}?attributes=right_class").status_code == 400


def test_a_tile_without_staff_columns_is_the_same_for_everybody_and_shared(client: TestClient, keys: Keys) -> None:
    mine, theirs = client.get(TILE), client.get(TILE, headers={"X-API-Key": keys.staff})
    assert mine.headers["etag"] == theirs.headers["etag"]
    assert theirs.headers["cache-control"].startswith("public")


@pytest.mark.parametrize("audience", [PUBLIC, PARTNER])
@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize("way", ["?filter={} IS NULL", "?filter={} = 'O1'", "?sortby={}", "?sortby=-{}", "tile"])
def test_a_staff_column_reads_like_a_missing_one_on_every_way_to_ask(
    client: TestClient, keys: Keys, audience: Audience, name: str, way: str
) -> None:
    headers = {"X-API-Key": keys.partner} if audience is PARTNER else {}
    told = []
    for asked in (name, "no_such_column"):
        address = f"{TILE}?attributes={asked}" if way == "tile" else PLOTS + way.format(asked)
        answer = client.get(address, headers=headers)
        assert answer.status_code == 400
        told.append(answer.json()["detail"].split(";")[0].replace(asked, "*"))
    assert told[0] == told[1]


def test_a_filter_named_like_a_staff_column_does_not_exist(client: TestClient, keys: Keys) -> None:
    for headers in ({}, {"X-API-Key": keys.staff}):
        answer = client.get(f"{PLOTS}?right_class=O1", headers=headers)
        assert answer.status_code == 400


def test_layers_for_partners_do_not_exist_for_the_public(client: TestClient, keys: Keys) -> None:
    for address in ("/tiles/pastures/12/1/1.mvt", "/tiles/pastures.json", "/legend/pastures"):
        missing = client.get(address.replace("pastures", "nothing"))
        answer = client.get(address)
        assert answer.status_code == missing.status_code == 404
        assert answer.json()["detail"].replace("pastures", "*") == missing.json()["detail"].replace("nothing", "*")
        assert client.get(address, headers={"X-API-Key": keys.partner}).status_code == 200
    assert "pastures" not in {layer["id"] for layer in client.get("/layers").json()}
    assert "pastures" in {layer["id"] for layer in client.get("/layers", headers={"X-API-Key": keys.partner}).json()}


def test_a_key_for_one_district_opens_more_only_there(client: TestClient, keys: Keys, land: Land) -> None:
    headers = {"X-API-Key": keys.staff_of_nurobod}
    there = client.get(f"/districts/{NUROBOD}/plots", headers=headers).json()["features"][0]["properties"]
    elsewhere = client.get(PLOTS, headers=headers).json()["features"][0]["properties"]
    assert "right_class" in there
    assert not set(HIDDEN) & elsewhere.keys()
    one = client.get(f"/plots/{land.of(RASHT)[0]['plot_id']}", headers=headers)
    assert not set(HIDDEN) & one.json()["properties"].keys()
    assert client.get(f"{TILE}?attributes=right_class", headers=headers).status_code == 400
    assert client.get(f"{TILE}?attributes=right_class&district={NUROBOD}", headers=headers).status_code == 200


def test_an_expired_key_is_told_so_and_opens_nothing_also_while_it_is_remembered(
    client: TestClient, database: Engine
) -> None:
    soon = datetime.now(UTC) + timedelta(days=1)
    with database.begin() as connection:
        late, remembered = (create_key(connection, STAFF, name, expires_at=soon) for name in ("late", "remembered"))
    assert client.get("/layers", headers={"X-API-Key": remembered}).status_code == 200
    with database.begin() as connection:
        connection.execute(text("UPDATE api_keys SET expires_at = now() WHERE label = 'late'"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.deps.datetime", SimpleNamespace(now=lambda _zone: soon))
        answers = [client.get("/layers", headers={"X-API-Key": key}) for key in (late, remembered)]
    for answer in answers:
        assert answer.status_code == 401
        assert answer.json()["detail"] == "This key has expired; ask whoever gave it to you for a new one."


def test_the_last_use_of_a_key_is_kept_and_that_of_a_wrong_one_is_not(
    client: TestClient, database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Callable[[], object]] = []
    monkeypatch.setattr("api.deps.BACKGROUND", SimpleNamespace(ask=lambda _key, work: asked.append(work)))
    with database.begin() as connection:
        key = create_key(connection, STAFF, "used")
    for good in (key, key, f"{key[:-1]}{'0' if key[-1] != '0' else '1'}"):
        client.get("/layers", headers={"X-API-Key": good})
    assert len(asked) == 1  # the second use is within a minute
    used = text("SELECT last_used_at IS NOT NULL FROM api_keys WHERE label = 'used'")
    with database.connect() as connection:
        assert connection.execute(used).scalar() is False  # no request waits for it
    asked[0]()
    with database.connect() as connection:
        assert connection.execute(used).scalar() is True


@pytest.mark.parametrize("address", ["/districts", PLOTS, "/plots/TJ-RR-GA-00001", TILE, "/layers", "/legend/plots"])
def test_a_key_that_is_not_good_is_refused_everywhere(client: TestClient, keys: Keys, address: str) -> None:
    for headers in (
        {"X-API-Key": "nonsense"},
        {"X-API-Key": keys.revoked},
        {"X-API-Key": keys.staff[:-1]},
        {"Authorization": f"Bearer {keys.revoked}"},
        {"Authorization": "Basic dXNlcjpwYXNz"},
        {"X-API-Key": ""},
    ):
        answer = client.get(address, headers=headers)
        assert answer.status_code == 401
        assert answer.json()["type"] == "urn:obod:problem:key-refused"
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_revoked_key_works_no_longer_than_it_is_remembered(
    client: TestClient, database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1_000.0]
    monkeypatch.setattr("layers.cache.memory.time.monotonic", lambda: now[0])
    with database.begin() as connection:
        key = create_key(connection, STAFF, "short-lived")
    headers: dict[str, Any] = {"X-API-Key": key}
    assert client.get(PLOTS, headers=headers).status_code == 200
    with database.begin() as connection:
        revoke(connection, key)
    now[0] += 59
    assert client.get(PLOTS, headers=headers).status_code == 200
    now[0] += 2
    assert client.get(PLOTS, headers=headers).status_code == 401


def test_the_land_lies_in_the_tile_the_tests_ask_for(client: TestClient) -> None:
    assert CORNERS[RASHT] == (70.37, 39.02)
    assert mapbox_vector_tile.decode(client.get(TILE).content)["plots"]["features"]


def test_a_service_keeps_looking_for_logins_that_outlived_their_key(
    keys: Keys,  # noqa: ARG001 - a database must be there
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    faults = iter([ValueError("a fault of ours"), DatabaseUnavailable("away")])
    modes: list[str] = []
    looked = Event()

    def look(connection: Connection) -> None:
        if fault := next(faults, None):
            raise fault
        modes.append(connection.execute(text("SELECT current_setting('transaction_read_only')")).scalar_one())
        looked.set()

    monkeypatch.setattr(main, "LOGINS_ENDED_S", 0.0)
    monkeypatch.setattr(main, "end_key_logins", look)
    with TestClient(create_app()):
        assert looked.wait(60)
    assert modes[0] == "off"  # it may write, unlike the audiences
