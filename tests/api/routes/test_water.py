"""Routes of water: a July that was computed by hand, what is not known, and who is told what.

The canal, its two areas and their figures are those of ``obod water balance``: each of the areas needs .0110918 m3/s in
July, .03644 m3/s at the head of the canal; .017 m3/s are left for fields, so that each gets .4666 of it. Of the other
canal nobody knows which way it runs.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from typing import Any

import mapbox_vector_tile
import pytest
from fastapi.testclient import TestClient
from pyproj import Transformer
from sqlalchemy import Engine, text

from api.main import create_app
from layers.catalogue.base import PARTNER, STAFF
from layers.schema.access import create_key
from tests.clients.command import run
from tests.worlds.two_canals import X, Y, plant_canals

DISTRICT = "TJ.RR.GA"
TO_DEGREES = Transformer.from_crs(32642, 4326, always_xy=True)
ADDRESSES = ("/water/canals/C1", "/water/areas/b", "/water/balance?canal=C1", f"/water/balance?district={DISTRICT}")
HIDDEN = ("need_m3_s", "delivered_m3_s", "lost_m3_s", "equity", "as_of_load", "crop_table", "left_out", "draft")


@pytest.fixture(scope="module")
def balances(database: Engine) -> dict[str, int]:
    """Numbers of two published balances, of one of a rule that was taken back, and of a draft."""
    plant_canals(database)
    for words in ((), ("--rule", "head-first"), ("--rule", "tail-first"), ("--rule", "max-min", "--draft")):
        assert run("water", "balance", *words) == 0
    with database.begin() as connection:
        rows = connection.execute(text("SELECT rule, draft, balance_id FROM water_balances")).all()
        loads = connection.execute(text("SELECT DISTINCT load_id FROM area_balance WHERE rule = 'tail-first'"))
        others = connection.execute(text("SELECT DISTINCT load_id FROM reach_balance WHERE rule = 'tail-first'"))
        taken = [*loads.scalars(), *others.scalars()]
    for load in taken:
        assert run("layer", "undo", str(load)) == 0
    return {"draft" if row.draft else row.rule: row.balance_id for row in rows}


@pytest.fixture(scope="module")
def client(balances: dict[str, int]) -> Iterator[TestClient]:
    assert len(balances) == 4
    with TestClient(create_app()) as opened:
        yield opened


@pytest.fixture(scope="module")
def keys(database: Engine, balances: dict[str, int]) -> dict[str, dict[str, str]]:
    assert balances
    with database.begin() as connection:
        made = {
            "partner": create_key(connection, PARTNER, "partner"),
            "staff": create_key(connection, STAFF, "staff"),
            "of_district": create_key(connection, STAFF, "staff of one district", [DISTRICT]),
            "elsewhere": create_key(connection, STAFF, "staff of another", ["TJ.KL.KA"]),
        }
    return {name: {"X-API-Key": key} for name, key in made.items()}


def told(client: TestClient, address: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    answer = client.get(address, headers=headers or {})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def tile_at(longitude: float, latitude: float, zoom: int) -> str:
    """Address of the tile a place lies in, by the formula of OGC 17-083r4."""
    side = 2**zoom
    row = (1 - math.asinh(math.tan(math.radians(latitude))) / math.pi) / 2 * side
    return f"{zoom}/{int((longitude + 180) / 360 * side)}/{int(row)}"


def period(row: dict[str, Any], month: int) -> dict[str, Any]:
    (found,) = (one for one in row["periods"] if one["month"] == month)
    assert isinstance(found, dict)
    return found


def test_everybody_is_told_the_ratio_of_a_july_by_hand(client: TestClient, balances: dict[str, int]) -> None:
    found = told(client, "/water/canals/C1?lang=en")
    about = {name: found[name] for name in ("balance", "year", "rule", "synthetic", "canal", "note")}
    assert about == {
        "balance": balances["proportional"],
        "year": "dry",
        "rule": "proportional",
        "synthetic": False,
        "canal": "C1",
        "note": "Computed from estimated deliveries.",
    }
    (reach,) = found["reaches"]
    assert (reach["code"], reach["supply"], reach["flow_m3_s"]) == ("C1-1", "scarce", pytest.approx(0.017, abs=1e-4))
    assert [row["code"] for row in found["areas"]] == ["a", "b"]
    for row in (reach, *found["areas"]):
        assert period(row, 7) == {"month": 7, "part": 0, "ratio": pytest.approx(0.4666, abs=1e-4)}
        assert period(row, 1)["ratio"] is None  # nothing stands in January
    assert told(client, "/water/canals/C1-1")["areas"] == found["areas"]  # the canal a reach is of
    assert told(client, "/water/areas/b")["area"] == found["areas"][1]


def test_what_is_not_known_is_null_and_never_0(client: TestClient, keys: dict[str, dict[str, str]]) -> None:
    area = told(client, "/water/areas/c")["area"]
    assert (area["supply"], area["ratio"], area["ratio_best"], area["worst_month"]) == ("unknown", None, None, None)
    assert {one["ratio"] for one in area["periods"]} == {None}
    staff = told(client, "/water/areas/c", keys["staff"])["area"]
    assert period(staff, 7)["need_m3_s"] == pytest.approx(0.0110918, rel=1e-4)
    for one in staff["periods"]:
        assert (one["ratio"], one["ratio_best"], one["delivered_m3_s"]) == (None, None, None)
    text_of = client.get("/water/balance?canal=C2&f=csv").content.decode("utf-8-sig")
    assert {row["ratio"] for row in csv.DictReader(io.StringIO(text_of))} == {""}


def test_staff_are_told_both_ends_losses_and_how_evenly_a_canal_shares(
    client: TestClient, keys: dict[str, dict[str, str]], balances: dict[str, int]
) -> None:
    found = told(client, "/water/canals/C1", keys["staff"])
    assert (found["balance"], found["state"], found["by"]) == (balances["proportional"], "published", "month")
    assert found["left_out"] == ["It is not known which way water runs in canal reach C2-1."]
    assert "FAO" in found["crop_table"]
    assert found["as_of_load"] > 0
    assert found["taken_back"] is False
    july = period(found["areas"][1], 7)
    assert july["need_m3_s"] == pytest.approx(0.0110918, rel=1e-4)
    assert july["delivered_m3_s"] == july["delivered_best_m3_s"] == pytest.approx(0.4666 * 0.0110918, rel=1e-3)
    assert july["ratio"] == july["ratio_best"] == pytest.approx(0.4666, abs=1e-4)
    water = period(found["reaches"][0], 7)
    assert water["flow_m3_s"] == water["flow_most_m3_s"] == pytest.approx(0.017, rel=1e-4)
    assert water["lost_m3_s"] == pytest.approx(0.017 - 2 * 0.4666 * 0.0110918, rel=1e-3)
    assert found["equity"]["head"] == pytest.approx(found["equity"]["tail"], abs=1e-4)
    assert found["equity"]["head_tail"] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("address", ADDRESSES)
def test_below_staff_no_more_is_told_than_the_public_layers_say(
    client: TestClient, keys: dict[str, dict[str, str]], address: str
) -> None:
    for headers in ({}, keys["partner"], keys["elsewhere"]):
        answer = client.get(address, headers=headers)
        assert answer.status_code == 200
        assert not [word for word in HIDDEN if f'"{word}"' in answer.text]
    assert '"need_m3_s"' in client.get(address, headers=keys["staff"]).text
    # A key of the district opens what lies in the district, and no canal, which may leave it.
    assert ('"need_m3_s"' in client.get(address, headers=keys["of_district"]).text) is ("district=" in address)


def test_balances_of_two_rules_are_published_side_by_side(
    client: TestClient, keys: dict[str, dict[str, str]], balances: dict[str, int]
) -> None:
    tail = (0.017 * 0.72457 - 0.0110918) * 0.72457 / 0.0110918
    for headers in ({}, keys["staff"]):
        found = told(client, "/water/balance?canal=C1&rule=head-first", headers)
        assert (found["balance"], found["rule"]) == (balances["head-first"], "head-first")
        canal = told(client, "/water/canals/C1?year=dry&rule=head-first", headers)
        assert canal["balance"] == balances["head-first"]
        assert told(client, "/water/areas/b?rule=head-first", headers)["area"] == canal["areas"][1]
        for rows in (found["areas"], canal["areas"]):
            assert [period(row, 7)["ratio"] for row in rows] == [pytest.approx(1.0), pytest.approx(tail, abs=1e-4)]
        # Unasked, it is the one that land is judged by, though another is newer.
        assert told(client, "/water/canals/C1", headers)["balance"] == balances["proportional"]


@pytest.mark.parametrize("layer", ["reach_balance", "area_balance"])
def test_a_tile_shows_one_balance_of_those_that_lie_over_one_another(client: TestClient, layer: str) -> None:
    x, y = TO_DEGREES.transform(X + 1_500, Y)
    tile = tile_at(x, y, 10)

    def drawn(query: str) -> list[dict[str, Any]]:
        answer = client.get(f"/tiles/{layer}/{tile}.mvt{query}")
        assert answer.status_code == 200, answer.text
        found = mapbox_vector_tile.decode(answer.content).get(layer, {"features": []})
        return sorted((feature["properties"] for feature in found["features"]), key=lambda one: str(one["code"]))

    plain, asked = drawn(""), drawn("?year=dry&rule=proportional")
    assert plain == asked
    assert {row["rule"] for row in plain} == {"proportional"}
    other = drawn("?rule=head-first")
    assert [row["code"] for row in other] == [row["code"] for row in plain]
    assert {row["rule"] for row in other} == {"head-first"}
    assert drawn("?rule=tail-first") == drawn("?year=wet") == []  # taken back; never made
    assert client.get(f"/tiles/{layer}/{tile}.mvt?rule=fair").status_code == 400
    refused = client.get(f"/tiles/canals/{tile}.mvt?year=dry")
    assert (refused.status_code, refused.json()["detail"]) == (400, "year and rule are for water balances only.")


def test_other_years_and_rules_are_of_staff_and_drafts_of_nobody(
    client: TestClient, keys: dict[str, dict[str, str]], balances: dict[str, int]
) -> None:
    asked = "/water/balance?canal=C1&rule=tail-first"
    assert client.get(asked).status_code == 404
    assert client.get("/water/canals/C1?rule=tail-first", headers=keys["staff"]).status_code == 404
    found = told(client, asked, keys["staff"])
    assert (found["balance"], found["state"]) == (balances["tail-first"], "earlier")
    assert period(found["areas"][1], 7)["ratio"] == pytest.approx(min(1.0, 0.017 * 0.525 / 0.0110918), rel=1e-3)
    for headers in ({}, keys["staff"]):
        draft = client.get("/water/balance?canal=C1&rule=max-min", headers=headers)
        assert draft.status_code == 404
        assert draft.json()["detail"] == "There is no published water balance by the rule max-min."
    assert told(client, "/water/balance?canal=C1&year=dry&rule=proportional")["balance"] == balances["proportional"]


def test_a_district_has_the_areas_whose_middle_lies_in_it(client: TestClient) -> None:
    assert [row["code"] for row in told(client, f"/water/balance?district={DISTRICT}")["areas"]] == ["a", "b", "c"]


def test_a_table_has_a_row_of_each_area_and_period(client: TestClient, keys: dict[str, dict[str, str]]) -> None:
    answer = client.get("/water/balance?canal=C1&f=csv&lang=ru")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 2 * 12
    assert float(rows[6]["ratio"]) == pytest.approx(0.4666, abs=1e-4)
    assert {(row["year"], row["rule"], row["synthetic"]) for row in rows} == {("dry", "proportional", "false")}
    assert {row["note"] for row in rows} == {told(client, "/water/canals/C1?lang=ru")["note"]} != {""}
    assert "Computed" not in rows[0]["note"]
    staff = client.get("/water/balance?canal=C1&f=csv", headers=keys["staff"]).content.decode("utf-8-sig")
    assert float(list(csv.DictReader(io.StringIO(staff)))[18]["need_m3_s"]) == pytest.approx(0.0110918, rel=1e-4)


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("/water/canals/C9", 404, "There is no canal and no canal reach 'C9' in the published water balance."),
        ("/water/areas/z", 404, "There is no command area 'z' in the published water balance."),
        ("/water/balance?canal=C9", 404, "No command area of the water balance is on a canal 'C9'."),
        ("/water/balance?district=TJ.XX.XX", 404, "There is no district 'TJ.XX.XX'; GET /districts lists them."),
        ("/water/balance", 400, "Ask for a canal or for a district: one of the two."),
        ("/water/balance?canal=C1&district=TJ.RR.GA", 400, "Ask for a canal or for a district: one of the two."),
        ("/water/balance?canal=C1&year=arid", 400, "There is no year 'arid'; there are: dry, normal, wet."),
        ("/water/balance?canal=C1&ruel=max-min", 400, "There is no parameter 'ruel'; the nearest is 'rule'."),
        ("/water/faults", 403, "Faults of the network are for staff only; ask with a staff key of all districts."),
    ],
)
def test_what_there_is_not_is_a_problem(client: TestClient, address: str, status: int, said: str) -> None:
    answer = client.get(address)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["detail"]) == (status, said)


@pytest.mark.parametrize("address", [*ADDRESSES, "/water/balance?canal=C1&f=csv"])
def test_answers_have_a_tag_and_a_head(client: TestClient, keys: dict[str, dict[str, str]], address: str) -> None:
    whole = client.get(address)
    assert client.get(address, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304
    head = client.head(address)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", whole.headers["etag"])
    private = client.get(address, headers=keys["staff"])
    assert private.headers["cache-control"] == "private, no-store"
    assert "etag" not in private.headers


def test_faults_are_told_to_staff_with_their_place_and_in_their_language(
    client: TestClient, keys: dict[str, dict[str, str]]
) -> None:
    for headers in ({}, keys["partner"], keys["of_district"]):
        assert client.get("/water/faults", headers=headers).status_code == 403
    found = told(client, "/water/faults?lang=en", keys["staff"])
    assert (found["counts"]["reaches"], found["counts"]["systems_left_out"]) == (2, 1)
    (matters,) = (row for row in found["faults"] if row["matters"])
    assert matters["sentence"] == "It is not known which way water runs in canal reach C2-1."
    x, y = TO_DEGREES.transform(X + 1_500, Y + 3_000)  # the middle of the reach
    assert (matters["longitude"], matters["latitude"]) == (pytest.approx(x, abs=2e-6), pytest.approx(y, abs=2e-6))
    (capacity,) = (row for row in found["faults"] if row["kind"] == "capacity missing")
    assert (capacity["code"], capacity["matters"]) == ("C2-1", False)
    said = {row["sentence"] for row in told(client, "/water/faults?lang=ru", keys["staff"])["faults"]}
    assert "Неизвестно, в какую сторону течёт вода на участке канала C2-1." in said


def test_readings_of_staff_are_entered(client: TestClient, database: Engine, keys: dict[str, dict[str, str]]) -> None:
    asked = text("SELECT count(*) FROM audit_log WHERE what = 'list' AND layer = 'balance_areas'")
    with database.connect() as connection:
        before = connection.execute(asked).scalar_one()
    told(client, "/water/areas/a")
    told(client, "/water/areas/a", keys["staff"])
    with database.connect() as connection:
        assert connection.execute(asked).scalar_one() == before + 1


def test_both_ends_are_told_where_the_state_of_a_canal_is_not_known(
    client: TestClient, database: Engine, keys: dict[str, dict[str, str]]
) -> None:
    """Class 1 conveys .70, .83666 on each half, so that each gets .017 / .0291026 of its need; class 5 nothing."""
    with database.begin() as connection:
        connection.execute(text("UPDATE canals SET condition = NULL WHERE code = 'C1-1' AND ended_by IS NULL"))
    assert run("water", "balance", "--rule", "max-min", "--by", "decade") == 0
    found = told(client, "/water/areas/b?rule=max-min")
    assert (found["rule"], found["area"]["ratio"]) == ("max-min", 0)
    assert period(found["area"], 7)["ratio"] == 0  # known to be nothing at worst, which is not unknown
    staff = told(client, "/water/canals/C1?rule=max-min", keys["staff"])
    assert staff["by"] == "decade"
    (part,) = (row for row in staff["areas"][1]["periods"] if (row["month"], row["part"]) == (7, 2))
    assert (part["ratio"], part["ratio_best"]) == (0, pytest.approx(0.58414, rel=1e-4))
    assert (part["delivered_m3_s"], part["delivered_best_m3_s"]) == (0, pytest.approx(0.58414 * 0.0110918, rel=1e-4))
    (water,) = (row for row in staff["reaches"][0]["periods"] if (row["month"], row["part"]) == (7, 2))
    assert water["lost_m3_s"] < water["lost_most_m3_s"]
    assert len(told(client, "/water/balance?canal=C1&rule=max-min", keys["staff"])["areas"][0]["periods"]) == 36


def test_without_a_balance_there_is_nothing(
    client: TestClient, database: Engine, keys: dict[str, dict[str, str]]
) -> None:
    with database.begin() as connection:
        for table in ("area_balance", "reach_balance", "water_balances CASCADE"):
            connection.execute(text(f"TRUNCATE {table}"))
    for address in ADDRESSES:
        for headers in ({}, keys["staff"]):
            answer = client.get(address, headers=headers)
            assert (answer.status_code, answer.json()["detail"]) == (404, "There is no published water balance.")
