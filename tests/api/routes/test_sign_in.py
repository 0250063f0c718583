"""Staff signed in on the page are told what their key is told, nobody else is, and nobody acts for them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from api.main import create_app
from api.routes.sign_in import RefusedKeys
from layers.catalogue.base import PARTNER, STAFF
from layers.errors import LayersError, NotAllowed
from layers.postgres.engine import noting
from layers.postgres.roles import API_LOGIN, READERS
from layers.schema.access import create_key, public_half, revoke, rotate_key
from layers.schema.backup import backup, restore
from tests.clients.process import other_settings
from tests.worlds.three_districts import CANARY, CANARY_COUNT, NUROBOD, PARTNERS_CANARY, RASHT, Land

OWN = "https://obod.example"
FROM_OWN = {"Origin": OWN, "Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
PLOTS = f"/districts/{RASHT}/plots"
TILE = "/tiles/plots/15/22789/12520.mvt"
SURFACES = (f"{PLOTS}?limit=all", f"{PLOTS}?f=csv", "/plots/TJ-RR-GA-00001", "/layers", "/tiles/plots.json", TILE)


@pytest.fixture(scope="module")
def keys(database: Engine, land: Land) -> dict[str, str]:
    assert land.rows
    with database.begin() as connection:
        return {
            "staff": create_key(connection, STAFF, "A. of the office"),
            "district": create_key(connection, STAFF, "of Nurobod", [NUROBOD]),
            "partner": create_key(connection, PARTNER, "a partner"),
        }


@pytest.fixture(scope="module")
def served(keys: dict[str, str]) -> Iterator[FastAPI]:
    assert keys
    made = create_app()
    with TestClient(made):
        yield made


@pytest.fixture
def app(served: FastAPI, database: Engine) -> FastAPI:
    """The service, with nobody signed in and no key refused yet."""
    served.state.refused_keys = RefusedKeys()
    with database.begin() as connection:
        connection.execute(text("TRUNCATE sign_ins"))
    return served


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    """A browser that asks over https, as behind a proxy that is trusted."""
    return TestClient(app, base_url=OWN, follow_redirects=False)


def send(client: TestClient, address: str, headers: dict[str, str] | None = None, **fields: str) -> Any:
    return client.post(address, content=urlencode(fields), headers=FROM_OWN if headers is None else headers)


def token_of(client: TestClient) -> str:
    found = re.search(r'name="token" value="([0-9a-f]{64})"', client.get("/sign-in").text)
    assert found is not None
    return found[1]


def is_signed_in(client: TestClient) -> bool:
    return 'class="signed-in"' in client.get("/?lang=en").text


def rows(database: Engine, query: str) -> list[dict[str, Any]]:
    with database.connect() as connection:
        return [dict(row) for row in connection.execute(text(query)).mappings()]


def test_the_cookie_is_for_this_service_alone(client: TestClient, keys: dict[str, str], database: Engine) -> None:
    answer = send(client, "/sign-in?lang=ru", key=f" {keys['staff']}\n")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?lang=ru")
    assert answer.headers["cache-control"] == "private, no-store"
    (cookie,) = SimpleCookie(answer.headers["set-cookie"]).values()
    assert cookie.key == "__Host-obod"
    assert (cookie["httponly"], cookie["secure"], cookie["path"], cookie["domain"]) == (True, True, "/", "")
    assert (cookie["samesite"], cookie["max-age"]) == ("Strict", str(8 * 3600))
    kept = rows(database, "SELECT digest, key_id, expires_at FROM sign_ins")
    assert [(bytes(row["digest"]), row["key_id"]) for row in kept] == [
        (hashlib.sha256(cookie.value.encode()).digest(), public_half(keys["staff"]))
    ]
    assert 7.9 < (kept[0]["expires_at"] - datetime.now(UTC)).total_seconds() / 3600 <= 8.0
    assert cookie.value not in str(rows(database, "SELECT to_jsonb(t) AS row FROM sign_ins t"))


@pytest.mark.parametrize(
    ("base", "peer", "is_let_in"),
    [
        ("http://localhost:8000", "127.0.0.1", True),
        ("http://[::1]:8000", "::1", True),
        ("http://obod.example", "127.0.0.1", False),  # a proxy of this machine that is not trusted
        ("http://localhost", "192.0.2.7", False),
        ("http://192.0.2.1", "192.0.2.7", False),
    ],
)
def test_no_key_is_taken_where_it_can_be_read_on_its_way(
    app: FastAPI, keys: dict[str, str], base: str, peer: str, is_let_in: bool
) -> None:
    client = TestClient(app, base_url=base, client=(peer, 5), follow_redirects=False)
    assert ('name="key"' in client.get("/sign-in").text) is is_let_in
    answer = send(client, "/sign-in", {**FROM_OWN, "Origin": base}, key=keys["staff"])
    assert answer.status_code == (303 if is_let_in else 403)
    assert ("set-cookie" in answer.headers) is is_let_in
    if is_let_in:
        assert answer.headers["set-cookie"].startswith("obod=")
        assert "Secure" not in answer.headers["set-cookie"]
        assert is_signed_in(client)


@pytest.mark.parametrize("surface", SURFACES)
def test_signed_in_is_what_the_key_is(client: TestClient, keys: dict[str, str], surface: str) -> None:
    """The header and the sign-in open the same, byte for byte, and nobody keeps it."""
    by_key = client.get(surface, headers={"X-API-Key": keys["staff"]})
    send(client, "/sign-in", key=keys["staff"])
    signed_in = client.get(surface)
    assert (signed_in.status_code, signed_in.content) == (200, by_key.content)
    assert signed_in.headers["cache-control"] == "private, no-store"
    assert "etag" not in signed_in.headers


def test_the_public_never_gets_what_was_answered_to_staff(app: FastAPI, keys: dict[str, str], database: Engine) -> None:
    public, staff = (TestClient(app, base_url=OWN) for _ in range(2))
    before = {surface: public.get(surface).content for surface in SURFACES}
    send(staff, "/sign-in", key=keys["staff"])
    told = b"".join(staff.get(surface).content for surface in SURFACES)
    assert CANARY.encode() in told
    for surface in (*SURFACES, *SURFACES):
        answer = public.get(surface)
        assert answer.content == before[surface]
        assert not answer.headers["cache-control"].startswith("private")
        for secret in (CANARY, str(CANARY_COUNT), PARTNERS_CANARY):
            assert secret.encode() not in answer.content
    assert not is_signed_in(public)
    seen = "SELECT key_id FROM audit_log WHERE what IN ('list', 'export', 'map') ORDER BY entry DESC LIMIT 1"
    assert rows(database, seen) == [{"key_id": public_half(keys["staff"])}]


def test_a_key_of_one_district_opens_that_one(client: TestClient, keys: dict[str, str]) -> None:
    send(client, "/sign-in", key=keys["district"])
    assert CANARY in client.get(f"/districts/{NUROBOD}/plots?limit=all").text
    assert CANARY not in client.get(f"{PLOTS}?limit=all").text
    assert f"of Nurobod ({NUROBOD})" in client.get("/?lang=en").text
    answer = client.post("/scenarios", content='name = "x"', headers={"X-Obod-Token": token_of(client), **FROM_OWN})
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:obod:problem:not-allowed"


REFUSED_KEYS = {
    "empty": "",
    "unknown": f"obod_{'0' * 16}_{'0' * 64}",
    "malformed": "hunter2",
    "nul": f"obod_{'0' * 15}\0_{'0' * 64}",
    "digits of another script": f"obod_{'٠' * 16}_{'0' * 64}",
    "long": "k" * 60_000,
}


@pytest.mark.parametrize("key", REFUSED_KEYS.values(), ids=REFUSED_KEYS.keys())
def test_what_is_no_key_opens_nothing(client: TestClient, database: Engine, key: str) -> None:
    answer = send(client, "/sign-in?lang=en", key=key)
    assert answer.status_code == 401
    assert "This is not a key that is good." in answer.text
    assert "set-cookie" not in answer.headers
    if key:
        assert key not in answer.text
    assert rows(database, "SELECT * FROM sign_ins") == []
    last = "SELECT what, key_id, layer, rows FROM audit_log ORDER BY entry DESC LIMIT 1"
    assert rows(database, last) == [{"what": "sign-in-refused", "key_id": None, "layer": None, "rows": 1}]


def test_bodies_that_are_no_form_open_nothing(client: TestClient, keys: dict[str, str]) -> None:
    wrong = [
        (b"key=" + keys["staff"].encode(), {**FROM_OWN, "Content-Type": "text/plain"}, 401),
        (b"\xff\xfe", FROM_OWN, 401),
        (b"key=%ff%fe", FROM_OWN, 401),
        (b"&".join(b"a=1" for _ in range(100)) + b"&key=" + keys["staff"].encode(), FROM_OWN, 401),
        (b"key=" + b"a" * 70_000, FROM_OWN, 413),
    ]
    for body, headers, status in wrong:
        assert client.post("/sign-in", content=body, headers=headers).status_code in (status, 429)
    assert not is_signed_in(client)


def test_partners_and_keys_that_ended_are_not_let_in(
    client: TestClient, keys: dict[str, str], database: Engine
) -> None:
    with database.begin() as connection:
        revoked, expired = (create_key(connection, STAFF, "short") for _ in range(2))
        revoke(connection, revoked)
        connection.execute(
            text("UPDATE api_keys SET expires_at = now() WHERE key_id = :key"), {"key": public_half(expired)}
        )
    for key, status in ((keys["partner"], 403), (revoked, 401), (expired, 401)):
        assert send(client, "/sign-in", key=key).status_code == status
        with pytest.raises(NotAllowed), noting() as connection:
            connection.execute(text("SELECT begin_sign_in(:key, :digest, 60)"), digest_for(key))
    assert rows(database, "SELECT * FROM sign_ins") == []


def digest_for(key: str) -> dict[str, Any]:
    return {"key": public_half(key), "digest": bytes(32)}


def test_who_sends_many_wrong_keys_is_told_to_wait_and_a_good_one_is_let_in(
    client: TestClient, keys: dict[str, str], database: Engine
) -> None:
    before = rows(database, "SELECT count(*) AS n FROM audit_log WHERE what = 'sign-in-refused'")[0]["n"]
    statuses = [send(client, "/sign-in", key="wrong").status_code for _ in range(7)]
    assert statuses == [401] * 5 + [429] * 2
    assert send(client, "/sign-in", key=keys["staff"]).status_code == 303
    entered = "SELECT rows FROM audit_log WHERE what = 'sign-in-refused' ORDER BY entry"
    assert [row["rows"] for row in rows(database, entered)][before:] == [1]
    assert isinstance(client.app, FastAPI)
    refused: RefusedKeys = client.app.state.refused_keys
    refused.enter()
    refused.enter()
    assert [row["rows"] for row in rows(database, entered)][before:] == [1, 6]
    assert "wrong" not in str(rows(database, "SELECT to_jsonb(a) AS row FROM audit_log a"))


ELSEWHERE = {
    "another site": {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    "a neighbour": {"Sec-Fetch-Site": "same-site", "Origin": "https://other.example"},
    "typed": {"Sec-Fetch-Site": "none"},
    "another origin": {"Origin": "https://evil.example"},
    "no origin": {"Origin": "null"},
    "another scheme": {"Origin": "http://obod.example"},
    "silent": {},
}


@pytest.mark.parametrize("said", ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_no_other_site_signs_in_or_out_or_writes(
    client: TestClient, keys: dict[str, str], said: dict[str, str]
) -> None:
    headers = {"Content-Type": FROM_OWN["Content-Type"], **said}
    refusal = send(client, "/sign-in", headers, key=keys["staff"])
    assert (refusal.status_code, refusal.json()["type"]) == (403, "urn:obod:problem:not-from-page")
    send(client, "/sign-in", key=keys["staff"])
    token = token_of(client)
    assert send(client, "/sign-out", headers, token=token).status_code == 403
    written = client.post("/scenarios", content='name = "x"', headers={**said, "X-Obod-Token": token})
    assert (written.status_code, written.json()["type"]) == (403, "urn:obod:problem:not-from-page")
    assert is_signed_in(client)


def test_a_form_without_its_token_changes_nothing(app: FastAPI, client: TestClient, keys: dict[str, str]) -> None:
    send(client, "/sign-in", key=keys["staff"])
    other = TestClient(app, base_url=OWN, follow_redirects=False)
    send(other, "/sign-in", key=keys["staff"])
    of_another = token_of(other)
    for token in ("", "0" * 64, of_another, "ӣ"):
        assert send(client, "/sign-out", token=token).status_code == 403
    for headers in ({}, {"X-Obod-Token": of_another}):
        answer = client.post("/scenarios", content='name = "x"', headers={**FROM_OWN, **headers})
        assert answer.json()["type"] == "urn:obod:problem:not-from-page"
    page = client.post("/sign-out?lang=tg", content="token=", headers={**FROM_OWN, "Accept": "text/html"})
    assert "Ҳеҷ чиз тағйир дода нашуд." in page.text
    assert is_signed_in(client)
    answer = client.post("/scenarios", content="wrong", headers={"Origin": OWN, "X-Obod-Token": token_of(client)})
    assert answer.status_code == 422  # it is read, and is no scenario


def test_signing_out_ends_it_for_every_copy_of_the_cookie(
    app: FastAPI, client: TestClient, keys: dict[str, str], database: Engine
) -> None:
    send(client, "/sign-in", key=keys["staff"])
    stolen = dict(client.cookies)
    answer = send(client, "/sign-out?lang=tg", token=token_of(client))
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?lang=tg")
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert not client.cookies
    thief = TestClient(app, base_url=OWN, cookies=stolen)
    assert CANARY not in thief.get(f"{PLOTS}?limit=all").text
    assert not is_signed_in(thief)
    acts = rows(database, "SELECT what, key_id FROM audit_log ORDER BY entry DESC LIMIT 2")
    assert acts == [{"what": act, "key_id": public_half(keys["staff"])} for act in ("sign-out", "sign-in")]


ENDED = ("revoked", "rotated", "over", "expired", "forged", "restored")


@pytest.mark.parametrize("how", ENDED)
def test_it_is_over_at_once(client: TestClient, database: Engine, how: str, tmp_path: Path) -> None:
    with database.begin() as connection:
        key = create_key(connection, STAFF, "short")
    assert send(client, "/sign-in", key=key).status_code == 303
    assert is_signed_in(client)
    if how == "restored":
        backup(database, tmp_path, tmp_path / "kept.zip")
        restore(database, tmp_path, tmp_path / "kept.zip")
    with database.begin() as connection:
        if how == "revoked":
            revoke(connection, key)
        elif how == "rotated":
            rotate_key(connection, public_half(key))
        elif how == "over":
            connection.execute(text("UPDATE sign_ins SET expires_at = now()"))
        elif how == "expired":
            connection.execute(text("UPDATE api_keys SET expires_at = now() WHERE label = 'short'"))
    if how == "forged":
        client.cookies.clear()
        client.cookies.set("__Host-obod", "A" * 43, domain="obod.example")
    answer = client.get(f"{PLOTS}?limit=all")
    assert CANARY not in answer.text
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert answer.headers["cache-control"] == "private, no-store"
    assert not is_signed_in(client)


@pytest.mark.parametrize("held", ["", '"', "x" * 5_000, "a\\000b", "=;=", "\xe9", "a b"])
def test_any_cookie_is_answered(client: TestClient, held: str) -> None:
    answer = client.get("/districts", headers={b"Cookie": f"__Host-obod={held}".encode("latin-1")})
    assert answer.status_code == 200


def test_a_key_has_few_sign_ins_and_no_longer_ones_than_itself(
    app: FastAPI, keys: dict[str, str], database: Engine
) -> None:
    clients = []
    for _ in range(21):
        client = TestClient(app, base_url=OWN, follow_redirects=False)
        send(client, "/sign-in", key=keys["staff"])
        clients.append(client)
    assert rows(database, "SELECT count(*) AS n FROM sign_ins") == [{"n": 20}]
    assert [is_signed_in(client) for client in (clients[0], clients[1], clients[-1])] == [False, True, True]
    with database.begin() as connection:
        short = create_key(connection, STAFF, "short")
        soon = text(
            "UPDATE api_keys SET expires_at = now() + interval '1 minute' WHERE key_id = :key RETURNING expires_at"
        )
        ends = connection.execute(soon, {"key": public_half(short)}).scalar_one()
    send(clients[0], "/sign-in", key=short)
    assert rows(database, "SELECT max(begun_at) AS m FROM sign_ins")
    kept = f"SELECT expires_at FROM sign_ins WHERE key_id = '{public_half(short)}'"
    assert rows(database, kept) == [{"expires_at": ends}]
    with other_settings(SIGN_IN_HOURS="25"), pytest.raises(LayersError, match="SIGN_IN_HOURS"):
        create_app()


def test_nobody_reads_or_writes_sign_ins_but_by_their_functions(keys: dict[str, str], database: Engine) -> None:
    assert keys
    with database.connect() as connection:
        for role in (API_LOGIN, *(reader.name for reader in READERS)):
            rights = text("SELECT has_table_privilege(:role, 'sign_ins', 'SELECT, INSERT, UPDATE, DELETE')")
            assert not connection.execute(rights, {"role": role}).scalar_one()
            may = text("SELECT has_function_privilege(:role, 'begin_sign_in(text, bytea, integer)', 'EXECUTE')")
            assert connection.execute(may, {"role": role}).scalar_one() is (role == API_LOGIN)
    values = digest_for(keys["staff"])
    for wrong in ({"seconds": 0}, {"seconds": 90_000}, {"digest": b"short", "seconds": 60}):
        with pytest.raises(Exception, match="no sign-in"), noting() as connection:
            connection.execute(text("SELECT begin_sign_in(:key, :digest, :seconds)"), {**values, **wrong})


BANDS = {
    "en": ("Signed in as staff", "Texts of this language that no native reader"),
    "ru": ("Вы вошли как сотрудник", "Тексты на этом языке, которые ещё не проверил носитель"),
    "tg": ("Шумо ҳамчун корманд даромадаед", "Матнҳои ин забон, ки соҳибзабон ҳанӯз насанҷидааст"),
}


@pytest.mark.parametrize("lang", BANDS)
def test_every_page_says_as_whom_and_until_when(client: TestClient, keys: dict[str, str], lang: str) -> None:
    pages = ("/", f"/districts/{RASHT}/list", "/plots/TJ-RR-GA-00001/why", "/sign-in", "/nowhere")
    before = client.get(f"/?lang={lang}")
    assert all(text not in before.text for text in BANDS[lang])
    send(client, "/sign-in", key=keys["staff"])
    for page in pages:
        answer = client.get(f"{page}?lang={lang}", headers={"Accept": "text/html"})
        head, unreviewed = BANDS[lang]
        assert f"{head}</strong>: A. of the office" in answer.text
        assert re.search(r"\d\d:\d\d", answer.text)
        po = Path(f"api/language/locale/{lang}/LC_MESSAGES/obod.po")
        if lang == "en":
            assert unreviewed not in answer.text
        else:
            count = po.read_text(encoding="utf-8").count("# unreviewed\n")
            said = re.search(rf"{unreviewed}: ([\d\s\xa0]+)\.", answer.text)
            assert said is not None
            assert int(re.sub(r"\s", "", said[1])) == count
        assert answer.headers["cache-control"] == "private, no-store"
