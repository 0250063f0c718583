"""``obod water`` as a water office uses it: tables in, tables out, one sentence when a table is wrong."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.main import main

Answer = tuple[int, str, str]  # exit code, stdout, stderr

UCCLE = "station,date,tmin,tmax,rh_min,rh_max,wind,sunshine\nUccle,2015-07-06,12.3,21.5,63,84,2.7777778,9.25\n"
PLACE = ("--lat", "50.80", "--elevation", "100", "--wind-height", "10")


@pytest.fixture
def obod(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    def run(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["obod", "water", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        captured = capsys.readouterr()
        return int(end.value.code or 0), captured.out, captured.err

    return run


@pytest.fixture
def table(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str) -> str:
        path = tmp_path / "table.csv"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def test_the_table_comes_back_with_evapotranspiration(obod: Callable[..., Answer], table: Callable[[str], str]) -> None:
    """FAO-56 example 18 and a day with nothing but temperatures."""
    code, out, err = obod("et0", table(UCCLE + "Uccle,2015-07-07,12,22,,,,\nUccle,2015-07-08,,22,,,,\n"), *PLACE)
    assert (code, err) == (0, "")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert list(rows[0]) == ["station", "date", "tmin", "tmax", "rh_min", "rh_max", "wind", "sunshine", "et0", "method"]
    assert float(rows[0]["et0"]) == pytest.approx(3.88, abs=0.005)
    assert len(rows[0]["et0"].split(".")[1]) == 4
    assert [row["method"] for row in rows] == [
        "penman-monteith",
        "penman-monteith; ea tmin; rs range; wind 2 m/s",
        "no temperature",
    ]
    assert rows[2]["et0"] == ""
    as_json = json.loads(obod("et0", table(UCCLE), *PLACE, "--json")[1])
    assert as_json[0]["et0"] == float(rows[0]["et0"])
    hargreaves = json.loads(obod("et0", table(UCCLE), *PLACE, "--method", "hargreaves", "--json")[1])
    assert hargreaves[0]["method"] == "hargreaves"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("date,tmin\n2015-07-06,12\n", "table.csv: column 'tmax' expected"),
        ("date,tmin,tmax\n", "no day"),
        ("date,tmin,tmax\n06.07.2015,12,20\n", "row 2, date: YYYY-MM-DD expected, got '06.07.2015'"),
        ("date,tmin,tmax\n2015-07-06,12,20\n2015-07-06,12,20\n", "row 3, date: 2015-07-06 stands in row 2"),
        ("date,tmin,tmax\n2015-07-06,12,2_0\n", "row 2, tmax: a number or nothing expected, got '2_0'"),
        ("date,tmin,tmax\n2015-07-06,nan,20\n", "row 2, tmin: a number or nothing expected, got 'nan'"),
        ("date,tmin,tmax\n2015-07-06,22,20\n", "row 2, tmax: a number from 22 to 60 expected, got 20"),
        ("date,tmin,tmax,tmax\n2015-07-06,12,20,21\n", "column 'tmax' is given twice"),
        ("date,tmin,tmax,et0\n2015-07-06,12,20,4\n", "column 'et0' is there already"),
        ("date,tmin,tmax\n2015-07-06,12\n", "row 2: 3 cells expected"),
    ],
)
def test_a_wrong_table_is_one_sentence(
    obod: Callable[..., Answer], table: Callable[[str], str], text: str, said: str
) -> None:
    code, out, err = obod("et0", table(text), *PLACE)
    assert (code, out) == (1, "")
    assert said in err
    assert len(err.strip().splitlines()) == 1


def test_places_and_methods_that_are_none(obod: Callable[..., Answer], table: Callable[[str], str]) -> None:
    path = table(UCCLE)
    assert "latitude" in obod("et0", path, "--lat", "91", "--elevation", "0")[2]
    assert "penman-monteith or hargreaves" in obod("et0", path, *PLACE, "--method", "turc")[2]
    assert "no such file" in obod("et0", path + "x", *PLACE)[2]
    assert obod("et0", path, "--lat", "50")[0] == 2


PLOTS = "plot_no,area_ha,filling_h,emptying_h\n11,2,0.5,\n12,3,0.3,\n13,1,0.2,0.4\n"


def test_a_week_of_turns(obod: Callable[..., Answer], table: Callable[[str], str]) -> None:
    code, out, err = obod("turns", table(PLOTS), "--interval", "7", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["hours_per_ha"] == pytest.approx(27.9)
    assert [(row["plot_no"], row["begins"], row["hours"]) for row in found["turns"]] == [
        ("11", "day 1, 00:00", 56.3),
        ("12", "day 3, 08:18", 84.0),
        ("13", "day 6, 20:18", 27.7),
    ]
    for_people = obod("turns", table(PLOTS), "--interval", "7")
    assert "27.90 hours for a hectare, 0 of 3 turns in daylight." in for_people[2]


def test_turns_in_daylight(obod: Callable[..., Answer], table: Callable[[str], str]) -> None:
    path = table("plot_no,area_ha\n1,6\n2,6\n3,12\n")
    found = json.loads(obod("turns", path, "--interval", "1", "--day-only", "2", "--json")[1])
    assert [row["in_daylight"] for row in found["turns"]] == [True, True, False]
    code, _, err = obod("turns", path, "--interval", "1", "--day-only", "3")
    assert code == 1
    assert "3 turns in daylight asked for, 2 of 3" in err


def test_a_roster_knows_no_household(obod: Callable[..., Answer], table: Callable[[str], str]) -> None:
    code, out, err = obod("turns", table("plot_no,area_ha,head\n1,6,somebody\n"), "--interval", "1")
    assert (code, out) == (1, "")
    assert "column 'head' is not known" in err
    assert (
        "row 2, area_ha: a number expected, got ''"
        in obod("turns", table("plot_no,area_ha\n1,\n"), "--interval", "1")[2]
    )
