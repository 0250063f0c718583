"""Water seen from above: from scenes on a mirror to what staff know of a field and everybody of a canal."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text

from tests.clients.mirror import Answer, Mirror
from tests.scripts.verbs.conftest import Obod
from tests.worlds import open_data, seen_from_above

GREENNESS = "SELECT land, year, seen, ndvi, seen_on, clear_pct, days FROM august_greenness WHERE ended_by IS NULL"
TOLD = (
    "SELECT code, level, green_pct, augusts_known, augusts_green, first_year, last_year, last_pct FROM water_seen "
    "WHERE ended_by IS NULL ORDER BY code"
)


@pytest.fixture
def obod(sources: Mirror, command_line: Obod) -> Obod:
    seen_from_above.put_scenes(sources)
    assert command_line("fetch", "cod_ab", "--district", open_data.CODE)[0] == 0
    return command_line


@pytest.fixture
def with_land(obod: Obod, tmp_path: Path) -> Obod:
    seen_from_above.plots().to_file(tmp_path / "plots.gpkg")
    seen_from_above.area().to_file(tmp_path / "areas.gpkg")
    assert obod("layer", "load", "plots", tmp_path / "plots.gpkg", "--key", "plot_id")[0] == 0
    assert obod("layer", "load", "command_areas", tmp_path / "areas.gpkg", "--key", "code")[0] == 0
    return obod


def fetched(obod: Obod) -> tuple[int, str, str]:
    return obod("fetch", "sentinel2", "--district", open_data.CODE)


def seen(connection: Connection) -> dict[tuple[str, int], tuple[object, ...]]:
    return {(row.land, row.year): tuple(row[2:]) for row in connection.execute(text(GREENNESS))}


def test_each_august_of_each_field_is_green_dry_between_or_unknown(with_land: Obod, database: Engine) -> None:
    code, out, err = fetched(with_land)
    assert code == 0, err
    assert "august_greenness 144 new" in out
    with database.connect() as connection:
        found = seen(connection)
    ndvi = seen_from_above.NDVI
    for number in range(24):
        name = f"p{number:02d}"
        for year in (2021, 2022, 2023, 2024):
            said = seen_from_above.state(year, number)
            if year == 2024 and number in (3, 4):
                assert found[name, year] == ("unknown", None, None, 0 if number == 3 else 40, 0)
                continue
            days = 2 if year == 2022 else 1  # the hazy day counts as a day, and not for the index
            assert found[name, year] == (said, round(ndvi[said], 3), date(year, 8, 12), 100, days), (name, year)
        assert found[name, 2025] == found[name, 2026] == ("unknown", None, None, 0, 0)


def test_everybody_is_told_of_groups_alone_never_none_or_all(with_land: Obod, database: Engine) -> None:
    assert fetched(with_land)[0] == 0
    with database.connect() as connection:
        told = [tuple(row) for row in connection.execute(text(TOLD))]
    # In the area 9 of 12 were green in 2021, all in 2022, none in 2023; in 2024 nine can be told, too few.
    # Of the rest 9 of 12, all, none, and 10 of 12.
    assert told == [
        ("TJ0401-area-outlet-1", "part", 60, 3, 2, 2021, 2026, None),
        ("TJ0401-rest-TJ040101", "most", 70, 4, 3, 2021, 2026, None),
    ]


def test_few_plots_are_told_of_to_staff_alone(obod: Obod, database: Engine, tmp_path: Path) -> None:
    seen_from_above.plots().head(9).to_file(tmp_path / "plots.gpkg")
    assert obod("layer", "load", "plots", tmp_path / "plots.gpkg", "--key", "plot_id")[0] == 0
    code, _, err = fetched(obod)
    assert code == 0, err
    with database.connect() as connection:
        assert len(seen(connection)) == 9 * 6
        assert connection.execute(text(TOLD)).all() == []


def test_staff_are_told_of_a_field_in_words_of_water(with_land: Obod) -> None:
    assert fetched(with_land)[0] == 0
    assert with_land("score", "--district", open_data.CODE)[0] == 0
    # Plot 0 was dry in 2021 and 2023, green in 2022 and 2024; plot 5 tells neither in 2024.
    for name, green, known in (("p00", 2, 4), ("p05", 2, 3)):
        out = with_land("explain", name)[1].replace("\n", " ")
        assert f"evidence C: green in {green} of {known} Augusts that are known, 2021–2026." in out
        assert "ask about the canal and its turns" in out
        assert json.loads(with_land("explain", name, "--json")[1])["augusts"]["green"] == green


def test_a_second_time_nothing_comes_and_nothing_changes(with_land: Obod, database: Engine, mirror: Mirror) -> None:
    assert fetched(with_land)[0] == 0
    assert [asked for asked in mirror.log if "cloudy/" in asked.path] == []  # two scenes a tile and August
    with database.connect() as connection:
        before = connection.execute(text("SELECT count(*), max(load_id) FROM loads")).one()
    mirror.log.clear()
    code, out, _ = fetched(with_land)
    assert (code, "sentinel2: nothing changed." in out) == (0, True), out
    bands = [asked for asked in mirror.log if asked.path.endswith(".tif")]
    assert bands
    assert all("If-None-Match" in asked.headers for asked in bands)
    with database.connect() as connection:
        assert connection.execute(text("SELECT count(*), max(load_id) FROM loads")).one() == before


def test_it_is_said_before_what_would_come_and_all_does_not_bring_it(with_land: Obod, mirror: Mirror) -> None:
    code, out, _ = with_land("fetch", "sentinel2", "--district", open_data.CODE, "--dry-run", "--json")
    (planned,) = json.loads(out)
    assert (code, planned["files"], planned["mb"]) == (0, 24, 2_400.0)  # six scenes, four files each
    assert planned["terms"].endswith("contains modified Copernicus Sentinel data")
    assert [asked for asked in mirror.log if asked.path.endswith(".tif")] == []
    assert "sentinel2" not in [row["source"] for row in json.loads(with_land("fetch", "all", "--dry-run", "--json")[1])]


@pytest.mark.parametrize(
    ("path", "answer", "said"),
    [
        ("/scenes/S2A_2023/nir.tif", Answer(b"<html>moved</html>"), "answers with a page for people"),
        ("/scenes/S2A_2023/nir.tif", Answer(b"", status=404), "has no such file"),
        ("/scenes/S2A_2023/nir.tif", Answer(b"II*\x00 no bands"), "S2A_2023-nir.tif"),
        ("/scenes/S2A_2023/scl.tif", Answer(b"x" * 900, cut=300, etag="", ranges=False), "did not come whole"),
        (seen_from_above.SEARCH + seen_from_above.QUERY.format(year=2023), Answer(b"[]"), "does not answer in JSON"),
        (seen_from_above.SEARCH + seen_from_above.QUERY.format(year=2023), Answer(b"", status=503), "does not answer"),
    ],
)
def test_a_fault_leaves_what_was_known_and_says_so(
    with_land: Obod, database: Engine, mirror: Mirror, path: str, answer: Answer, said: str
) -> None:
    assert fetched(with_land)[0] == 0
    with database.connect() as connection:
        before = seen(connection)
    mirror.answers[path] = answer
    code, _, err = fetched(with_land)
    assert (code, said in err.replace("\n", " ")) == (1, True), err
    with database.connect() as connection:
        assert seen(connection) == before


def test_what_goes_away_for_a_moment_is_asked_again(with_land: Obod, mirror: Mirror) -> None:
    busy = Answer(b"", status=429, headers={"Retry-After": "1"})
    mirror.fault("/scenes/S2A_2021/red.tif", busy, Answer(b"", status=503))
    assert fetched(with_land)[0] == 0


def test_a_scene_of_another_month_is_refused(with_land: Obod, mirror: Mirror) -> None:
    at = "/earth-search.aws.element84.com/v1/collections/sentinel-2-c1-l2a/items/S2A_2023"
    item = json.loads(mirror.answer(at).body)
    item["properties"]["datetime"] = "2023-07-31T06:11:15Z"
    mirror.put(at, json.dumps(item))
    code, _, err = fetched(with_land)
    assert (code, "S2A_2023 was taken on 2023-07-31; expected a day of August." in err) == (1, True), err


def test_without_land_there_is_nothing_to_look_at(obod: Obod) -> None:
    code, _, err = fetched(obod)
    assert code == 1
    assert "No plot and no candidate field lies there; load them, then fetch this again." in err


def test_a_scene_that_does_not_say_how_to_read_it_is_named(with_land: Obod) -> None:
    out = with_land("fetch", "sentinel2", "--district", open_data.CODE, "--json")[1]
    (done,) = json.loads(out)
    notes = [note for load in done["loads"] for note in load["notes"]]
    assert "S2A_2025 does not say its processing baseline and was left out." in notes
