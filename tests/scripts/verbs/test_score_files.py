"""``obod score-files`` with plots as they come: named, placed and mapped as with a load, bad rows set aside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from typer.testing import CliRunner, Result

from layers.errors import DataRefused
from scripts.main import app


def score(plots: Path, output: Path, *arguments: str | Path) -> Result:
    words = ["score-files", "--plots", plots, "-o", output, "--as-of", "2026-11-28", *arguments]
    return CliRunner().invoke(app, [str(word) for word in words])


def squares(*names: str, **columns: Any) -> gpd.GeoDataFrame:
    """Plots of a hectare in a row, each named once or more; those of one name lie in one place."""
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    shapes = [shapely.box(600_000 + 200 * places[n], 4_330_000, 600_100 + 200 * places[n], 4_330_100) for n in names]
    return gpd.GeoDataFrame({"plot_id": list(names), **columns}, geometry=shapes, crs=32642)


def test_a_bad_row_is_set_aside_and_one_that_stands_twice_counts_once(tmp_path: Path) -> None:
    frame = squares("a", "b", "b", "c", "d", "d", right_class=["", "", "", "no such", "", "O1"])
    frame.to_file(tmp_path / "plots.gpkg")
    done = score(tmp_path / "plots.gpkg", tmp_path / "out.gpkg", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["plots"], told["read"], told["repeated"], told["rejected"]) == (2, 6, 1, 3)
    assert sorted(gpd.read_file(tmp_path / "out.gpkg")["plot_id"]) == ["a", "b"]
    kept = gpd.read_file(tmp_path / "out-rejected.gpkg")
    assert list(kept["rejected_row"]) == [4, 5, 6]
    assert kept["rejected_because"][0].startswith("right_class: expected one of ")
    assert set(kept["rejected_because"][1:]) == {
        "plot_id: the key stands in more than one row with different content; expected once"
    }
    assert kept.crs == frame.crs
    people = score(tmp_path / "plots.gpkg", tmp_path / "out.gpkg")
    assert "6 read, 1 repeated, 3 rejected" in people.stdout
    assert "rejected row 4 (c), right_class is 'no such': expected one of" in people.stdout
    assert "out-rejected.gpkg" in people.stderr
    assert "not assessed: Slope: the grid Slope is not loaded." in people.stderr.splitlines()
    assert "slope_pct" not in people.stderr  # names of columns, and reasons as they are stored, are no sentences
    in_tajik = score(tmp_path / "plots.gpkg", tmp_path / "out.gpkg", "--lang", "tg")
    assert "2 қитъа аз рӯйи тарҳи баҳодиҳии default баҳо дода шуд; натиҷа дар out.gpkg." in in_tajik.stdout
    assert "баҳо дода нашуд: Нишебӣ: " in in_tajik.stderr
    assert not {"read", "repeated", "assessed", "scored"} & {*in_tajik.output.replace(",", " ").split()}
    squares("a").to_file(tmp_path / "plots.gpkg")
    assert score(tmp_path / "plots.gpkg", tmp_path / "out.gpkg").exit_code == 0
    assert not (tmp_path / "out-rejected.gpkg").exists()  # it was of other rows


def test_a_name_with_a_dot_costs_no_other_file(tmp_path: Path) -> None:
    squares("a", "b", right_class=["", "no such"]).to_file(tmp_path / "plots.gpkg")
    done = score(tmp_path / "plots.gpkg", tmp_path / "plots.2024.gpkg", "--json")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "plots.gpkg").exists()
    assert len(gpd.read_file(tmp_path / "plots.2024-rejected.gpkg")) == 1
    assert score(tmp_path / "plots.gpkg", tmp_path / "plots.2025.gpkg").exit_code == 0
    assert (tmp_path / "plots.2024-rejected.gpkg").exists()


def test_a_file_of_which_no_row_is_good_is_refused_and_an_older_result_stays(tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("as it was")
    squares("a", "b", right_class=["x", "y"]).to_file(tmp_path / "plots.gpkg")
    refused = score(tmp_path / "plots.gpkg", tmp_path / "out.csv")
    assert refused.exit_code == 1
    assert str(refused.exception).startswith(
        "None of 2 rows of plots.gpkg can be scored: row 1 (a), right_class is 'x': expected one of "
    )
    assert str(refused.exception).endswith(" All stand in out-rejected.gpkg.")
    assert refused.stderr == ""  # nothing is said before the reason
    assert (tmp_path / "out.csv").read_text() == "as it was"


def test_a_table_in_an_old_encoding_is_read_by_its_mapping(tmp_path: Path) -> None:
    frame = squares("12", "13").to_crs(28412)
    table = pd.DataFrame({"NOMER": frame["plot_id"], "PRAVO": ["аренда", "общее"], "WKT": frame.geometry.to_wkt()})
    (tmp_path / "plots.csv").write_bytes(table.to_csv(index=False).encode("cp1251"))
    mappings = tmp_path / "mappings"
    mappings.mkdir()
    (mappings / "plots.toml").write_text(
        'layer = "plots"\ncrs = "EPSG:28412"\nencoding = "cp1251"\n[fields]\n'
        'plot_id = { column = "NOMER", prefix = "k" }\n'
        '[fields.right_class]\ncolumn = "PRAVO"\nvalues = { "аренда" = "O3", "общее" = "O4" }\n'
    )
    for mapping in (mappings, mappings / "plots.toml"):
        done = score(tmp_path / "plots.csv", tmp_path / "out.gpkg", "--mapping", mapping)
        assert done.exit_code == 0, done.exception
        found = gpd.read_file(tmp_path / "out.gpkg")
        assert sorted(found["plot_id"]) == ["k12", "k13"]
        assert found.to_crs(32642).total_bounds == pytest.approx(squares("12", "13").total_bounds, abs=0.01)
    bare = score(tmp_path / "plots.csv", tmp_path / "out.gpkg", "--map", "plot_id=NOMER", "--crs", "28412")
    assert "say --encoding cp1251" in str(bare.exception)
    said = ("--map", "plot_id=NOMER", "--crs", "28412", "--encoding", "cp1251")
    assert score(tmp_path / "plots.csv", tmp_path / "out.gpkg", *said).exit_code == 0


def test_advice_for_another_layer_can_be_followed(tmp_path: Path) -> None:
    squares("a").to_file(tmp_path / "plots.gpkg")
    line = shapely.LineString([(600_000, 4_330_000), (601_000, 4_330_000)])
    lines = gpd.GeoDataFrame({"code": ["c1"], "flow_known": ["yes"]}, geometry=[line], crs=32642)
    lines.to_file(tmp_path / "canals.shp")
    (tmp_path / "canals.prj").unlink()
    asked = ("--canals", tmp_path / "canals.shp")
    refused = score(tmp_path / "plots.gpkg", tmp_path / "out.gpkg", *asked)
    assert isinstance(refused.exception, DataRefused)
    assert str(refused.exception).endswith(" Of canals, a mapping file in the folder of --mapping says that with: crs.")
    (tmp_path / "canals.toml").write_text(
        'layer = "canals"\ncrs = "EPSG:32642"\n[fields]\ncode = "code"\nflow_known = "flow_known"\n'
    )
    (tmp_path / "plots.toml").write_text('layer = "plots"\n[fields]\nplot_id = "plot_id"\n')
    done = score(tmp_path / "plots.gpkg", tmp_path / "out.gpkg", *asked, "--mapping", tmp_path)
    assert done.exit_code == 0, done.exception


def test_a_part_that_is_refused_holds_up_no_other(tmp_path: Path) -> None:
    parts = tmp_path / "plots"
    parts.mkdir()
    squares("a").to_parquet(parts / "good.parquet")
    squares("b", right_class=["no such"]).to_parquet(parts / "bad.parquet")
    done = score(parts, tmp_path / "out", "--json")
    assert done.exit_code == 3
    told = json.loads(done.stdout)
    assert told["plots"] == 1
    assert [Path(part).name for part in told["refused"]] == ["bad.parquet"]
    assert "Not scored: bad.parquet. None of 1 rows" in done.stderr
    assert [path.name for path in sorted((tmp_path / "out").iterdir())] == ["bad-rejected.gpkg", "good.parquet"]
    (parts / "good.parquet").unlink()
    assert score(parts, tmp_path / "none").exit_code == 1


@pytest.mark.parametrize("ending", ["gpkg", "csv", "parquet"])
def test_what_was_made_up_stays_so_and_each_plot_keeps_its_source(tmp_path: Path, ending: str) -> None:
    plots = squares("a", "b", "c").assign(
        data_source=["Office", "Drawn", None],
        data_date=["2024-05-01", "in spring", None],
        synthetic=[False, True, False],
    )
    plots.to_file(tmp_path / "plots.gpkg")
    result = score(tmp_path / "plots.gpkg", tmp_path / f"out.{ending}")
    assert result.exit_code == 0, result.output
    read = {"gpkg": gpd.read_file, "csv": pd.read_csv, "parquet": gpd.read_parquet}[ending]
    found = pd.DataFrame(read(tmp_path / f"out.{ending}")).set_index("plot_id")
    assert found["data_source"].fillna("").to_dict() == {"a": "Office", "b": "Drawn", "c": ""}
    assert found["data_date"].fillna("").to_dict() == {"a": "2024-05-01", "b": "", "c": ""}
    assert found["synthetic"].to_dict() == {"a": False, "b": True, "c": False}

    squares("a").to_file(tmp_path / "silent.gpkg")
    assert score(tmp_path / "silent.gpkg", tmp_path / "silent.csv").exit_code == 0
    assert "synthetic" not in pd.read_csv(tmp_path / "silent.csv").columns

    (tmp_path / "silent.toml").write_text('layer = "plots"\nsynthetic = true\n[fields]\nplot_id = "plot_id"\n')
    assert (
        score(tmp_path / "silent.gpkg", tmp_path / "made_up.csv", "--mapping", tmp_path / "silent.toml").exit_code == 0
    )
    assert pd.read_csv(tmp_path / "made_up.csv")["synthetic"].tolist() == [True]
