"""Scenarios and rankings that staff show: on tiles and on the page of water, to everybody, and no word too many.

The canals are those of ``tests.worlds.branches``. What is shown with a scenario has to be what the published balance
says once that is built: the oracle is a balance of rows changed by hand.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import pytest
import shapely
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from api.language.translate import LANGUAGES, Language
from api.main import create_app
from layers.catalogue.base import STAFF
from layers.loading import load_frame
from layers.postgres.engine import noting
from layers.schema.access import create_key, public_half
from tests.clients.command import run
from tests.worlds.branches import flows, placed, plant_branches, reaches

FILE = (
    'name = "one"\ntitle = "Main canal"\n[[works]]\nname = "Lined"\ncost_usd = 12000\n'
    '[[works.repairs]]\nreach = "m2"\nlining = "concrete"\nconveyance = 1.0\n'
    '[[works.repairs]]\nreach = "m1"\nconveyance = 1.0\n'
)
BUILT: dict[str, dict[str, object]] = {"m1": {"conveyance": 1.0}, "m2": {"conveyance": 1.0, "lining": "concrete"}}
WORKS = "work,reach,cost_usd,conveyance\nfirst,m1,10,1\nsecond,m2,10,1\nbranch,b1,15,1\n"
TILE = "9/355/196"
DUG = [list(xy) for xy in placed([{}], [shapely.LineString([(0, 1), (-30, 700), (5, 1_010)])]).geometry[0].coords]
ZOOM = 9
LAYERS = ("reach_balance", "area_balance")


@pytest.fixture(name="client")
def _client(database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr("layers.records.snapshot.KEPT_S", -1.0)  # what is published is seen at once
    plant_branches(database)
    (tmp_path / "one.toml").write_text(FILE, encoding="utf-8")
    assert run("scenario", "add", tmp_path / "one.toml") == 0
    with TestClient(create_app()) as opened:
        yield opened


def balance(*words: str) -> None:
    assert run("water", "balance", *words) == 0


def tiles(client: TestClient, layer: str, query: str = "") -> dict[str, dict[str, Any]]:
    """Code -> what the tiles of a layer say of it."""
    west, south, east, north = client.get(f"/tiles/{layer}.json").json()["bounds"]
    found: dict[str, dict[str, Any]] = {}
    for x in range(_column(west), _column(east) + 1):
        for y in range(_row(north), _row(south) + 1):
            answer = client.get(f"/tiles/{layer}/{ZOOM}/{x}/{y}.mvt?{query}")
            assert answer.status_code == 200, answer.text
            features = mapbox_vector_tile.decode(answer.content).get(layer, {"features": []})["features"]
            found |= {one["properties"]["code"]: one["properties"] for one in features}
    return found


def _column(longitude: float) -> int:
    return int((longitude + 180) / 360 * 2**ZOOM)


def _row(latitude: float) -> int:
    angle = math.radians(latitude)
    return int((1 - math.log(math.tan(angle) + 1 / math.cos(angle)) / math.pi) / 2 * 2**ZOOM)


def test_what_is_shown_is_what_a_balance_says_once_it_is_built(client: TestClient, database: Engine) -> None:
    balance()
    now = {layer: tiles(client, layer) for layer in LAYERS}
    assert run("scenario", "publish", "one") == 0
    planned = {layer: tiles(client, layer, "scenario=one") for layer in LAYERS}
    assert {layer: tiles(client, layer) for layer in LAYERS} == now  # the balance itself stays as it was
    with database.begin() as connection:
        load_frame(connection, "canals", reaches(**BUILT), mode="replace")
    balance()
    built = {layer: tiles(client, layer) for layer in LAYERS}
    assert planned == built
    assert set(built["reach_balance"]) == {"m1", "m2", "b1", "x1"}
    assert planned["area_balance"]["far"]["ratio"] > now["area_balance"]["far"]["ratio"]
    assert planned["area_balance"]["apart"] == now["area_balance"]["apart"]


def test_it_is_shown_beside_no_other_balance(
    client: TestClient, database: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("scenario", "publish", "one") == 1
    said = capsys.readouterr().err
    assert "one: a published balance to show it beside expected; obod water balance --year dry --rule proport" in said
    balance("--rule", "max-min")
    assert run("scenario", "publish", "one") == 1  # that is another rule
    balance()
    with database.begin() as connection:
        load_frame(connection, "intake_flows", flows(0.05), mode="replace")
    assert run("scenario", "publish", "one") == 1
    assert "was made from other rows than the run" in " ".join(capsys.readouterr().err.split())
    assert stored(database, "scenario_runs") == stored(database, "shown_scenarios") == 0  # nothing half done
    balance()
    assert run("scenario", "publish", "one") == 0
    assert run("scenario", "publish", "one") == 0  # again, in its own place
    assert stored(database, "shown_scenarios") == 1
    assert client.get(f"/tiles/reach_balance/{TILE}.mvt?scenario=one&rule=max-min").status_code == 404
    balance()  # takes the place of the one it stood beside
    assert client.get(f"/tiles/reach_balance/{TILE}.mvt?scenario=one").status_code == 404
    assert "not shown" in page(client, "lang=en&scenario=one")
    assert run("scenario", "publish", "one") == 0
    assert run("scenario", "add", tmp_path / "one.toml", "--replace") == 0
    assert stored(database, "shown_scenarios") == 0


def test_staff_who_replace_a_scenario_over_http_show_the_earlier_one_no_more(
    client: TestClient, database: Engine
) -> None:
    balance()
    assert run("scenario", "publish", "one") == 0
    with database.begin() as connection:
        key = create_key(connection, STAFF, "all")
    sent = client.post(
        "/scenarios?replace=true", content=FILE, headers={"X-API-Key": key, "Content-Type": "application/toml"}
    )
    assert sent.status_code == 200, sent.text
    assert stored(database, "shown_scenarios") == 0


def test_staff_show_and_hide_a_scenario_over_http_as_the_command_does(client: TestClient, database: Engine) -> None:
    with database.begin() as connection:
        key = create_key(connection, STAFF, "all")
    headers, address = {"X-API-Key": key}, "/scenarios/one/publication"
    refused = client.post(f"{address}?lang=ru", headers=headers)
    assert (refused.status_code, "expected" in refused.json()["detail"]) == (422, False)
    assert client.delete(address, headers=headers).status_code == 404
    balance()
    assert run("scenario", "publish", "one") == 0
    by_command = {layer: tiles(client, layer, "scenario=one") for layer in LAYERS}
    kept = "SELECT to_jsonb(t) - 'run' - 'shown_at' AS row FROM shown_scenarios t"
    report = rows(database, kept)
    answer = client.post(address, headers=headers)
    assert answer.status_code == 200, answer.text
    assert rows(database, kept) == report
    assert {layer: tiles(client, layer, "scenario=one") for layer in LAYERS} == by_command
    told = answer.json()
    assert told == {"name": "one", "year": "dry", "rule": "proportional"} | {
        "run": rows(database, "SELECT run AS row FROM shown_scenarios")[0],
        "changed": stored(database, "shown_scenario_rows"),
    }
    wrong = text("SELECT show_scenario(:key, :run, 0, '{}', '[]')")
    with noting() as connection:
        values = {"key": public_half(key), "run": told["run"]}
        assert connection.execute(wrong, values).scalar() is False  # no such balance is published
    assert rows(database, kept) == report
    hidden = client.delete(address, headers=headers)
    assert (hidden.status_code, hidden.json()) == (200, {"withdrawn": "one", "runs": 1})
    assert client.get(f"/tiles/reach_balance/{TILE}.mvt?scenario=one").status_code == 404
    entered = "SELECT jsonb_build_array(what, key_id, number) AS row FROM audit_log ORDER BY entry DESC LIMIT 4"
    acts = [row for row in rows(database, entered) if row[0] != "scenario-run"]
    assert acts[:2] == [
        ["scenario-hidden", public_half(key), None],
        ["scenario-shown", public_half(key), told["run"]],
    ]


def test_maps_open_at_what_changes_and_draw_what_is_dug_and_repaired(client: TestClient, tmp_path: Path) -> None:
    """m1 takes in less and m2 loses less, so far and near get more; what hangs on x1 lies apart and stays."""
    balance()
    dug = f'[[works.new_canals]]\ncode = "dug"\nline = {DUG}\nlining = "pipe"\nsoil = "loam"\ncondition = 1\n'
    (tmp_path / "two.toml").write_text(
        FILE.replace('"one"', '"two"') + dug + 'capacity_m3_s = 1.0\nareas = ["near"]\n', encoding="utf-8"
    )
    assert run("scenario", "add", tmp_path / "two.toml") == 0
    assert run("scenario", "publish", "two") == 0
    query = "year=dry&rule=proportional&lang=en"
    style, bounds = scene(client, f"{query}&scenario=two")
    assert scene(client, f"{query}&beside=two")[1] == bounds  # the map of now opens at the same place
    assert "plan" not in scene(client, f"{query}&beside=two")[0]["sources"]
    (south, west), (north, east) = bounds
    shapes = [*DUG, *(xy for name in ("m1", "m2", "b1") for xy in ends_of(name))]
    for x, y in shapes:
        assert west - 1e-9 <= x <= east + 1e-9
        assert south - 1e-9 <= y <= north + 1e-9
    assert not all(south <= y <= north for _, y in ends_of("x1"))
    (feature,) = style["sources"]["plan"]["data"]["features"]
    assert (feature["properties"], feature["geometry"]["coordinates"]) == ({"code": "dug"}, DUG)
    parts = {part["id"]: part for part in style["layers"]}
    assert parts["plan-dug"]["source"] == "plan"
    assert parts["plan-dug"]["paint"]["line-dasharray"]
    assert parts["plan-repaired"]["filter"] == ["in", ["get", "code"], ["literal", ["m1", "m2"]]]
    html = page(client, f"{query}&scenario=two")
    assert "Canal that the scenario digs: dug" in html
    assert "Canal reaches that the scenario changes: 2" in html
    assert "Show what changes" in html
    alone = unescape(client.get(f"/maps/reach_balance?{query}&scenario=two").text)
    assert "Canal that the scenario digs: dug" in re.sub("<[^>]*>", "", alone)
    assert client.get(f"/maps/reach_balance?{query}&beside=three").status_code == 404
    assert client.get("/maps/canals?beside=two").status_code == 400


def test_a_load_that_is_taken_back_takes_the_plan_from_the_page(
    client: TestClient, database: Engine, works: Path
) -> None:
    with database.begin() as connection:
        load = load_frame(connection, "intake_flows", flows(0.05), mode="replace").load_id
    balance()
    assert run("scenario", "publish", "one") == 0
    assert run("works", "rank", works, "--budget", "20", "--keep", "all-of-it") == 0
    assert "all-of-it" in page(client, "lang=en")
    assert run("layer", "undo", str(load)) == 0
    assert client.get(f"/tiles/reach_balance/{TILE}.mvt?scenario=one").status_code == 404
    assert "all-of-it" not in page(client, "lang=en")


def test_everybody_is_told_gain_harm_and_cost_and_nothing_of_sources_wells_and_plots(
    client: TestClient, database: Engine
) -> None:
    balance()
    assert run("scenario", "publish", "one") == 0
    html = page(client, "lang=en&scenario=one&month=7&year=dry&rule=proportional")
    plan = html[html.index('id="plan"') : html.index('id="canal"')]
    assert "Main canal" in plan
    assert "Lined. Cost: 12,000 USD." in plan
    assert "A plan, not a decision." in plan
    assert "Harm: the least share of need met falls in no area." in plan
    assert "told to staff" in plan
    for word in ("at the head", "Well", "plot_", "intake", "crop"):
        assert word not in plan.replace("Families whose plots lie there", "").replace("Which wells lie", "")
    assert html.count("<iframe") == 2
    assert re.search(r'id="map" src="[^"]*month=7[^"]*"', html)
    assert "scenario=one" not in re.findall(r'id="map" src="([^"]*)"', html)[0]
    assert "scenario=one" in re.findall(r'id="map-plan" src="([^"]*)"', html)[0]
    with database.connect() as connection:
        report = str(connection.execute(text("SELECT report FROM shown_scenarios")).scalar_one())
    for word in ("head_m3", "lost_m3", "wells", "plots", "changes", "delivered_m3"):
        assert word not in report


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_plan_is_called_one_in_every_language(client: TestClient, lang: Language, works: Path) -> None:
    balance()
    assert run("scenario", "publish", "one") == 0
    assert run("works", "rank", works, "--budget", "20", "--objective", "families", "--keep", "of-2027") == 0
    html = page(client, f"lang={lang}&scenario=one&year=dry&rule=proportional")
    words = {"en": "A plan, not a decision.", "tg": "Ин нақша аст, на қарор.", "ru": "Это план, а не решение."}
    assert html.count(words[lang]) == 2
    alone = unescape(client.get(f"/maps/reach_balance?lang={lang}&scenario=one&year=dry&rule=proportional").text)
    assert words[lang] in alone
    assert words[lang] not in unescape(client.get(f"/maps/reach_balance?lang={lang}&year=dry&rule=proportional").text)


def test_a_ranking_is_shown_with_cost_gain_bound_gap_and_harm(client: TestClient, works: Path) -> None:
    """With both reaches whole q and 2 q are needed at the head, where .06 is 2.2538 q: .7513 of both needs, 40 ha."""
    balance()
    assert run("works", "rank", works, "--budget", "20", "--keep", "Not a name") == 1
    assert run("works", "rank", works, "--budget", "20", "--keep", "of-2027") == 0
    html = page(client, "lang=en")
    shown = html[html.index('class="rankings"') :]
    figures = dict(re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", shown))
    assert figures["Spent of the budget, USD"] == "20 / 20"
    assert figures["Gap"] == "0.00 %"
    assert figures["Gained by these works"] == figures["Proved: no set gains more than"]
    assert float(figures["Gained by these works"]) == pytest.approx(40.0, abs=0.1)
    assert re.findall(r'<th scope="row">(\d\. [^<]*)</th>', shown) == ["1. first", "2. second"]
    assert "Harm: the least share of need met falls in " in shown
    assert run("works", "withdraw", "of-2027") == 0
    assert 'class="rankings"' not in page(client, "lang=en")
    assert run("works", "withdraw", "of-2027") == 1


@pytest.mark.parametrize(
    ("address", "status"),
    [
        (f"/tiles/canals/{TILE}.mvt?scenario=one", 400),
        (f"/tiles/reach_balance/{TILE}.mvt?scenario=none", 404),
        ("/maps/reach_balance?scenario=none", 404),
        ("/maps/canals?scenario=one", 400),
    ],
)
def test_what_is_not_shown_is_refused(client: TestClient, address: str, status: int) -> None:
    balance()
    assert client.get(address).status_code == status


@pytest.fixture
def works(tmp_path: Path) -> Path:
    path = tmp_path / "works.csv"
    path.write_text(WORKS, encoding="utf-8")
    return path


def page(client: TestClient, query: str) -> str:
    answer = client.get(f"/water?{query}")
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def scene(client: TestClient, query: str) -> tuple[dict[str, Any], Any]:
    """Style and window of a map of the balance."""
    script = client.get(f"/maps/reach_balance.js?{query}")
    assert script.status_code == 200, script.text
    start = script.text.index("{", script.text.index("drawing.draw("))
    config, _ = json.JSONDecoder().raw_decode(script.text[start:])
    return config["style"], config["bounds"]


def ends_of(name: str) -> list[tuple[float, float]]:
    """Longitude and latitude of the ends of a reach."""
    frame = reaches()
    line = frame.geometry[frame["code"] == name].iloc[0]
    return [*line.coords]


def rows(database: Engine, query: str) -> list[Any]:
    with database.connect() as connection:
        return list(connection.execute(text(query)).scalars())


def stored(database: Engine, table: str) -> int:
    with database.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
