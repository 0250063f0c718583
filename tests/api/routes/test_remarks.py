"""Remarks of staff: stored by a key the database looks at, read by staff of the district alone, ended, erased."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from api.main import create_app
from layers.catalogue.base import PARTNER, STAFF
from layers.errors import NotAllowed
from layers.postgres.engine import noting, reading
from layers.postgres.roles import API_LOGIN, READERS, SCIENCE
from layers.records.remarks import list_remarks
from layers.schema.access import create_key, public_half, revoke
from layers.schema.backup import backup, restore
from layers.schema.erasure import purge_ended, purge_load
from tests.clients.command import run
from tests.worlds.three_districts import NUROBOD, QUBODIYON, RASHT, Land

PLOT, OF_NUROBOD = "TJ-RR-GA-00015", "TJ-RR-DA-00210"
OF_QUBODIYON = "TJ-KL-KA-00221"  # in no run: its page needs none
ADDRESS = f"/plots/{PLOT}/remarks"
SAID = "zq9remark: the gate of the lower canal is broken, seen 12.05.2026"
OWN = "https://obod.example"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
FROM_OWN = {**FORM, "Origin": OWN, "Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="module")
def keys(database: Engine, land: Land) -> dict[str, str]:
    assert land.rows
    with database.begin() as connection:
        return {
            "staff": create_key(connection, STAFF, "all"),
            "rasht": create_key(connection, STAFF, "of Rasht", [RASHT]),
            "qubodiyon": create_key(connection, STAFF, "of Qubodiyon", [QUBODIYON]),
            "nurobod": create_key(connection, STAFF, "of Nurobod", [NUROBOD]),
            "partner": create_key(connection, PARTNER, "a partner"),
        }


@pytest.fixture(scope="module")
def served(keys: dict[str, str]) -> Iterator[TestClient]:
    assert keys
    with TestClient(create_app(), base_url=OWN, follow_redirects=False) as opened:
        yield opened


@pytest.fixture
def client(served: TestClient, database: Engine) -> TestClient:
    with database.begin() as connection:
        connection.execute(text("TRUNCATE plot_remarks, sign_ins"))
    served.cookies.clear()
    return served


def write(client: TestClient, key: str, sent: str = SAID, address: str = ADDRESS, lang: str = "en") -> Any:
    return client.post(f"{address}?lang={lang}", content=urlencode({"text": sent}), headers={**FORM, "X-API-Key": key})


def read(client: TestClient, key: str, address: str = ADDRESS) -> Any:
    return client.get(address, headers={"X-API-Key": key})


def rows(database: Engine, query: str = "SELECT * FROM plot_remarks ORDER BY remark") -> list[dict[str, Any]]:
    with database.connect() as connection:
        return [dict(row) for row in connection.execute(text(query)).mappings()]


def test_staff_of_the_district_write_read_and_take_back(
    client: TestClient, keys: dict[str, str], database: Engine
) -> None:
    made = write(client, keys["rasht"], f"  {SAID} ")
    assert made.status_code == 200
    number = made.json()["remark"]
    assert made.json() == {"plot_id": PLOT, "remark": number}
    found = read(client, keys["staff"])
    (remark,) = found.json()["remarks"]
    assert (remark["remark"], remark["text"], remark["key_id"]) == (number, SAID, public_half(keys["rasht"]))
    assert found.headers["cache-control"] == made.headers["cache-control"] == "private, no-store"
    (kept,) = rows(database)
    assert (kept["district"], kept["ended_at"]) == (RASHT, None)
    ended = client.delete(f"{ADDRESS}/{number}", headers={"X-API-Key": keys["staff"]})
    assert (ended.status_code, ended.content) == (204, b"")
    assert read(client, keys["rasht"]).json()["remarks"] == []
    assert client.delete(f"{ADDRESS}/{number}", headers={"X-API-Key": keys["staff"]}).status_code == 404
    (kept,) = rows(database)
    assert (kept["text"], kept["ended_by"]) == (SAID, public_half(keys["staff"]))
    log = rows(database, "SELECT what, key_id, layer, number, districts FROM audit_log WHERE what LIKE 'remark%'")
    assert [(row["what"], row["key_id"]) for row in log[-2:]] == [
        ("remark-made", public_half(keys["rasht"])),
        ("remark-ended", public_half(keys["staff"])),
    ]
    assert {(row["layer"], row["number"], tuple(row["districts"])) for row in log[-2:]} == {
        ("plot_remarks", number, (RASHT,))
    }
    assert "zq9remark" not in str(rows(database, "SELECT to_jsonb(a) AS row FROM audit_log a"))


def test_nobody_else_reads_writes_or_takes_back(client: TestClient, keys: dict[str, str], database: Engine) -> None:
    number = write(client, keys["rasht"]).json()["remark"]
    for headers in ({}, {"X-API-Key": keys["partner"]}, {"X-API-Key": keys["nurobod"]}):
        for answer in (
            client.get(ADDRESS, headers=headers),
            client.post(ADDRESS, content=urlencode({"text": "x"}), headers={**FORM, **headers}),
            client.post(ADDRESS, content=urlencode({"end": number}), headers={**FORM, **headers}),
            client.delete(f"{ADDRESS}/{number}", headers=headers),
        ):
            assert answer.status_code == 403
            assert answer.headers["content-type"] == "application/problem+json"
            assert "zq9remark" not in answer.text
    other = f"/plots/{OF_NUROBOD}/remarks/{number}"
    assert client.delete(other, headers={"X-API-Key": keys["nurobod"]}).status_code == 404
    assert client.delete(other, headers={"X-API-Key": keys["staff"]}).status_code == 404
    assert [row["ended_at"] for row in rows(database)] == [None]


def test_the_database_looks_at_the_key_itself(client: TestClient, keys: dict[str, str], database: Engine) -> None:
    number = write(client, keys["rasht"]).json()["remark"]
    with database.begin() as connection:
        over = create_key(connection, STAFF, "over")
        revoke(connection, over)
    for key in (keys["nurobod"], keys["partner"], over, "obod_none_"):
        values = {"key": public_half(key), "plot": PLOT, "remark": number}
        for statement in ("SELECT store_remark(:key, :plot, 'x')", "SELECT end_remark(:key, :plot, :remark)"):
            with pytest.raises(NotAllowed), noting() as connection:
                connection.execute(text(statement), values)
    for wrong in ("", "x" * 81, "a\nb"):
        values = {"key": public_half(keys["rasht"]), "plot": PLOT, "text": wrong}
        with pytest.raises(Exception, match="no remark"), noting() as connection:
            connection.execute(text("SELECT store_remark(:key, :plot, :text)"), values)
    with pytest.raises(NotAllowed), noting() as connection:
        connection.execute(text("SELECT * FROM plot_remarks"))
    with database.connect() as connection:
        for role in (API_LOGIN, *(reader.name for reader in READERS)):
            wanted = {"role": role}
            may_write = text("SELECT has_table_privilege(:role, 'plot_remarks', 'INSERT, UPDATE, DELETE')")
            assert not connection.execute(may_write, wanted).scalar_one()
            may_read = text("SELECT has_any_column_privilege(:role, 'plot_remarks', 'SELECT')")
            assert connection.execute(may_read, wanted).scalar_one() is (role == "obod_staff")
    assert SCIENCE.name != "obod_staff"
    assert len(rows(database)) == 1


GOOD = (
    "қувур 12 м, ҳавзи 450 м³",
    "посмотреть 2026-11-28 и 1.12.2026",
    "x" * 80,
    "<script>alert(1)</script>",
    "plots 101, 102, 103 share a ditch",
)
WRONG = {
    "": "1 to 80 characters",
    "   ": "1 to 80 characters",
    "ӣ" * 81: "1 to 80 characters",
    "a\tb": "one line",
    "a\0b": "one line",
    "a\u202eb": "one line",
    "a\nb": "one line",
    "call 927 12-34-56": "at most 6 digits",
    "+992 (92) 7123456": "at most 6 digits",
    "A 1234567": "at most 6 digits",
    "05:02:06:0123": "at most 6 digits",
    "٩٢٧١٢٣٤٥٦": "at most 6 digits",
}


def test_what_is_written_comes_back_as_it_was(client: TestClient, keys: dict[str, str]) -> None:
    for sent in GOOD:
        assert write(client, keys["staff"], sent).status_code == 200
    assert [one["text"] for one in read(client, keys["staff"]).json()["remarks"]] == list(reversed(GOOD))


@pytest.mark.parametrize("sent", WRONG)
def test_what_cannot_be_stored_is_refused(
    client: TestClient, keys: dict[str, str], database: Engine, sent: str
) -> None:
    answer = write(client, keys["staff"], sent)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:obod:problem:data-refused")
    assert WRONG[sent] in answer.json()["detail"]
    assert sent.strip() == "" or sent not in answer.text
    assert rows(database) == []


def test_refusals_speak_the_readers_language(client: TestClient, keys: dict[str, str]) -> None:
    assert "от 1 до 80 знаков" in write(client, keys["staff"], "", lang="ru").json()["detail"]
    assert "аз 1 то 80 аломат" in write(client, keys["staff"], "", lang="tg").json()["detail"]


def test_odd_requests_change_nothing(client: TestClient, keys: dict[str, str], database: Engine) -> None:
    assert write(client, keys["staff"], address="/plots/nope/remarks").status_code == 404
    headers = {**FORM, "X-API-Key": keys["staff"]}
    for body, status in ((b"text=" + b"a" * 70_000, 413), (b"\xff", 422), (b"text=%ff", 422), (b"", 422)):
        assert client.post(ADDRESS, content=body, headers=headers).status_code == status
    for number in ("0", "-1", "1_0", "x", "9" * 30, "٣", "1;2", "0" * 10 + "1" + "9" * 30, "0" * 10 + "1" * 5_000):
        assert client.post(ADDRESS, content=urlencode({"end": number}), headers=headers).status_code == 400
    assert client.post(ADDRESS, content=b"end=2147483647", headers=headers).status_code == 404
    assert client.delete(f"{ADDRESS}/{2**31}", headers=headers).status_code == 400
    assert client.post(ADDRESS, content="text=x", headers={**headers, "Content-Type": "text/plain"}).status_code == 422
    assert rows(database) == []


def test_a_plot_holds_twenty(client: TestClient, keys: dict[str, str]) -> None:
    statuses = [write(client, keys["staff"], f"remark {number}").status_code for number in range(21)]
    assert statuses == [200] * 20 + [422]


SURFACES = (
    *("/", f"/districts/{RASHT}/list", f"/plots/{PLOT}/why", f"/plots/{PLOT}", f"/plots/{PLOT}/explanation"),
    *(f"/districts/{RASHT}/plots?f={form}" for form in ("csv", "geojson", "xlsx", "gpkg", "parquet")),
    *("/tiles/plots/15/22789/12520.mvt", "/maps/plots/1015/card", f"/districts/{RASHT}/report?f=html", "/layers"),
)


def test_no_surface_of_others_holds_a_remark(client: TestClient, keys: dict[str, str], tmp_path: Path) -> None:
    write(client, keys["staff"])
    for surface in SURFACES:
        for headers in ({}, {"X-API-Key": keys["partner"]}, {"X-API-Key": keys["nurobod"]}):
            answer = client.get(surface, headers=headers)
            assert answer.status_code in (200, 422)
            content = answer.content
            if content.startswith(b"PK"):
                path = tmp_path / "packed.zip"
                path.write_bytes(content)
                shutil.unpack_archive(path, tmp_path / "unpacked", "zip")
                content = b"".join(one.read_bytes() for one in (tmp_path / "unpacked").rglob("*") if one.is_file())
            assert b"zq9remark" not in content
    with pytest.raises(NotAllowed), reading(PARTNER) as connection:
        connection.execute(text("SELECT text FROM plot_remarks"))


@pytest.mark.parametrize("lang", ["tg", "ru", "en"])
def test_the_pages_of_plot_and_list_show_them_to_who_is_signed_in(
    client: TestClient, keys: dict[str, str], lang: str
) -> None:
    address = f"/plots/{OF_QUBODIYON}/remarks"
    write(client, keys["staff"], "<b>zq9remark</b>", address)
    client.post("/sign-in", content=urlencode({"key": keys["qubodiyon"]}), headers=FROM_OWN)
    page = client.get(f"/plots/{OF_QUBODIYON}/why?lang={lang}")
    listed = client.get(f"/districts/{QUBODIYON}/list?lang={lang}")
    assert "&lt;b&gt;zq9remark&lt;/b&gt;" in page.text
    assert "<b>zq9remark" not in page.text
    assert page.headers["cache-control"] == listed.headers["cache-control"] == "private, no-store"
    assert "zq9remark" in listed.text
    of_another = client.get(f"/plots/{OF_NUROBOD}/why?lang={lang}")
    assert 'id="remarks"' not in of_another.text
    token = re.search(r'name="token" value="([0-9a-f]{64})"', page.text)
    assert token is not None
    html = {**FROM_OWN, "Accept": "text/html"}
    for fields, status in (({"text": "from the page"}, 403), ({"text": "from the page", "token": token[1]}, 303)):
        sent = client.post(f"{address}?lang={lang}", content=urlencode(fields), headers=html)
        assert sent.status_code == status
    assert sent.headers["location"] == f"/plots/{OF_QUBODIYON}/why?lang={lang}#remarks"
    after = client.get(f"/plots/{OF_QUBODIYON}/why?lang={lang}").text
    assert "from the page" in after
    number = re.search(r'name="end" value="(\d+)"', after)
    assert number is not None
    ended = client.post(address, content=urlencode({"end": number[1], "token": token[1]}), headers=html)
    assert ended.status_code == 303
    assert "from the page" not in client.get(f"/plots/{OF_QUBODIYON}/why?lang={lang}").text


def test_the_command_lists_and_erases(
    client: TestClient, keys: dict[str, str], database: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    numbers = [write(client, keys["staff"], f"zq9remark {one}").json()["remark"] for one in range(3)]
    client.delete(f"{ADDRESS}/{numbers[0]}", headers={"X-API-Key": keys["staff"]})
    assert run("remark", "list", "--district", RASHT, "--json") == 0
    told = capsys.readouterr().out
    assert ["zq9remark 0" in told, "zq9remark 1" in told, "zq9remark 2" in told] == [False, True, True]
    assert run("remark", "list", "--district", NUROBOD) == 0
    assert "There is no remark." in capsys.readouterr().out
    assert run("remark", "erase", str(numbers[1]), "999999", "--yes") == 1
    assert len(rows(database)) == 3
    assert run("remark", "erase", *map(str, numbers[:2]), "--yes") == 0
    assert [row["remark"] for row in rows(database)] == numbers[2:]
    last = "SELECT what, rows FROM audit_log ORDER BY entry DESC LIMIT 1"
    assert rows(database, last) == [{"what": "remark-erased", "rows": 2}]


def test_a_backup_brings_them_back_and_a_purge_erases_them(
    client: TestClient, keys: dict[str, str], database: Engine, tmp_path: Path
) -> None:
    number = write(client, keys["staff"]).json()["remark"]
    write(client, keys["staff"], "another", f"/plots/{OF_NUROBOD}/remarks")
    backup(database, tmp_path, tmp_path / "kept.zip")
    before = rows(database)
    with database.begin() as connection:
        connection.execute(text("TRUNCATE plot_remarks"))
    restore(database, tmp_path, tmp_path / "kept.zip")
    assert rows(database) == before
    client.delete(f"{ADDRESS}/{number}", headers={"X-API-Key": keys["staff"]})
    with database.begin() as connection:
        long_ago = "UPDATE plot_remarks SET ended_at = '2020-01-01' WHERE ended_at IS NOT NULL RETURNING ended_at"
        ended = connection.execute(text(long_ago)).scalar_one()
        assert purge_ended(connection, ended, with_current=False).remarks == 0
        assert purge_ended(connection, ended.replace(year=2021), with_current=False).remarks == 1
        (left,) = list_remarks(connection, with_ended=True)
        assert left.text == "another"
        load = text("SELECT load_id FROM plots WHERE plot_id = :plot")
        which = connection.execute(load, {"plot": OF_NUROBOD}).scalar_one()
        trial = connection.begin_nested()
        assert purge_load(connection, which, with_current=True).remarks == 1
        assert list_remarks(connection, with_ended=True) == []
        trial.rollback()
