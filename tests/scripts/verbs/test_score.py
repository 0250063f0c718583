"""obod score, run, explain and score-files: what they print, what they refuse, and that files score as frames do."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from affine import Affine
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from geo.household.profile import load_profile
from geo.panel.scheme import load_scheme
from geo.suitability.assess import assess
from geo.terrain.grid import Grid
from layers.errors import DataRefused, NotFound
from layers.loading import load_frame
from layers.postgres.engine import writing
from scripts.main import app
from tests.worlds import valley
from tests.worlds.valley_in_database import NUROBOD, RASHT, as_stored, layers_as_stored, load_valley

RUN = CliRunner()


def call(*arguments: str) -> Result:
    return RUN.invoke(app, list(arguments))


@pytest.fixture(scope="module")
def scored(database: Engine) -> Engine:
    with writing() as connection:
        load_valley(connection)
    assert call("score", "--district", RASHT).exit_code == 0
    return database


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The valley as files: a GeoPackage or CSV per layer, a GeoTIFF per grid."""
    place = tmp_path_factory.mktemp("valley")
    valley.plots().to_file(place / "plots.gpkg")
    for name, layer in valley.layers().items():
        if name == "slope":
            continue  # derived from the heights
        if isinstance(layer, Grid):
            values = layer.values if layer.values.ndim == 3 else layer.values[np.newaxis]
            options = {"count": len(values), "height": values.shape[1], "width": values.shape[2], "dtype": "float32"}
            to = Affine(layer.cell_m, 0.0, layer.x_min, 0.0, -layer.cell_m, layer.y_max)
            with rasterio.open(
                place / f"{name}.tif", "w", "GTiff", crs="EPSG:32642", transform=to, **options
            ) as target:
                target.write(values)
        elif isinstance(layer, gpd.GeoDataFrame):
            extra = {"settlements": {"name_en": "village"}}.get(name, {})
            layer.assign(**extra).to_file(place / f"{name}.gpkg")
        else:
            layer.to_csv(place / f"{name}.csv", index=False)
    return place


in_scored_valley = pytest.mark.usefixtures("scored")


@in_scored_valley
def test_score_prints_what_it_did() -> None:
    found = json.loads(call("score", "--district", NUROBOD, "--draft", "--json").stdout)
    assert found["published"] is False
    assert found["districts"] == [NUROBOD]
    assert found["plots"] == len(valley.NAMES)
    assert sum(figures["plots"] for figures in found["classes"].values()) == len(valley.NAMES)


@in_scored_valley
def test_an_unknown_district_or_scheme_is_refused() -> None:
    assert isinstance(call("score", "--district", "TJ.XX").exception, NotFound)
    assert "no scheme" in str(call("score", "--scheme", "nowhere").exception)


@in_scored_valley
def test_runs_are_listed_shown_compared_and_published() -> None:
    first = json.loads(call("run", "list", "--json").stdout)[-1]["run"]
    second = json.loads(call("score", "--district", RASHT, "--scheme", "officials-panel", "--json").stdout)["run"]
    shown = json.loads(call("run", "show", str(second), "--json").stdout)
    assert shown["scheme"] == "officials-panel"
    compared = call("run", "diff", str(first), str(second))
    assert "different schemes" in compared.stderr
    assert call("run", "publish", str(first)).exit_code == 0
    served = {run["run"]: run["served_in"] for run in json.loads(call("run", "list", "--json").stdout)}
    assert served[first] == [RASHT]
    assert served[second] == []


@in_scored_valley
def test_explain_says_class_limit_and_what_helps() -> None:
    said = call("explain", "mediocre").stdout
    assert "S2tz" in said or "S2z" in said
    assert "SYNTHETIC DATA" in said
    assert json.loads(call("explain", "unsampled", "--json").stdout)["robustness"] is None
    assert "districts drawn" in call("robustness", "--pending").stdout
    found = json.loads(call("explain", "unsampled", "--json").stdout)
    assert found["limiting"]["criterion"] == "salinity_ds_m"
    assert found["robustness"]["shares"]["S1"] == 0.0
    assert isinstance(call("explain", "nowhere").exception, NotFound)


@in_scored_valley
def test_a_replay_from_the_command_line() -> None:
    run = json.loads(call("run", "list", "--json").stdout)[-1]["run"]
    assert json.loads(call("score", "--replay", str(run), "--json").stdout)["identical"] is True


def test_files_score_as_frames_do(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "scored.gpkg"
    files = [f"--{path.stem}={path}" for path in sorted(folder.iterdir()) if path.stem != "plots"]
    plots = str(folder / "plots.gpkg")
    result = call("score-files", "--plots", plots, *files, "--as-of", valley.AS_OF.isoformat(), "-o", str(out))
    assert result.exit_code == 0, result.output
    found = gpd.read_file(out).set_index("plot_id").loc[list(valley.NAMES)]
    plain = assess(as_stored(valley.plots()), layers_as_stored(), valley.judgement(), load_scheme()).to_frame()
    assert found["class"].tolist() == plain["class"].tolist()
    assert found["subclass"].tolist() == plain["subclass"].tolist()
    assert found["slope_pct"].to_numpy() == pytest.approx(plain["slope_pct"].to_numpy(), abs=1e-3)
    assert "right_class" not in found
    assert "memberships" not in found


def test_a_folder_of_parts_gives_the_same_bytes_whoever_scores_it(folder: Path, tmp_path: Path) -> None:
    frame = gpd.read_file(folder / "plots.gpkg")
    parts = tmp_path / "plots"
    for number, rows in enumerate((frame.iloc[::2], frame.iloc[1::2]), start=1):
        (parts / f"part={number}").mkdir(parents=True)
        rows.to_parquet(parts / f"part={number}" / "plots.parquet")
    files = [f"--{path.stem}={path}" for path in sorted(folder.iterdir()) if path.stem != "plots"]
    common = ["score-files", "--plots", str(parts), *files, "--as-of", valley.AS_OF.isoformat(), "--json"]
    alone = call(*common, "-o", str(tmp_path / "alone"))
    shared = call(*common, "-o", str(tmp_path / "shared"), "--workers", "2")
    assert (alone.exit_code, shared.exit_code) == (0, 0), alone.output + shared.output
    assert json.loads(alone.stdout)["parts"] == 2
    assert json.loads(alone.stdout)["plots"] == len(frame)
    written = sorted(path.relative_to(tmp_path / "alone") for path in (tmp_path / "alone").rglob("*.parquet"))
    assert [str(path) for path in written] == ["part=1/plots.parquet", "part=2/plots.parquet"]
    for path in written:
        assert (tmp_path / "alone" / path).read_bytes() == (tmp_path / "shared" / path).read_bytes()
    assert call(*common, "-o", str(tmp_path / "out.gpkg")).exit_code == 2
    (tmp_path / "empty").mkdir()
    refused = call("score-files", "--plots", str(tmp_path / "empty"), "-o", str(tmp_path / "none")).exception
    assert isinstance(refused, DataRefused)


def test_files_that_do_not_fit_are_refused_by_file_row_and_field(folder: Path, tmp_path: Path) -> None:
    broken = valley.canals().assign(condition=[1, 9])
    broken.to_file(tmp_path / "canals.gpkg")
    arguments = ["score-files", "--plots", str(folder / "plots.gpkg"), "-o", str(tmp_path / "out.gpkg")]
    refused = call(*arguments, "--canals", str(tmp_path / "canals.gpkg")).exception
    assert isinstance(refused, DataRefused)
    assert "canals.gpkg" in str(refused)
    assert "condition" in str(refused)
    assert not (tmp_path / "out.gpkg").exists()
    assert call(*arguments, "--moonlight", "x.gpkg").exit_code == 2
    assert call(*arguments, "--as-of", "1 March").exit_code == 2


def test_plots_without_crs_and_with_other_columns_are_scored_as_it_is_said(folder: Path, tmp_path: Path) -> None:
    plots = gpd.read_file(folder / "plots.gpkg")
    other = plots.rename(columns={"plot_id": "KADNUM"})
    place = tmp_path / "plots.shp"
    other[["KADNUM", "district", "geometry"]].to_crs(32642).to_file(place, encoding="utf-8")
    place.with_suffix(".prj").unlink()
    arguments = ["score-files", "--plots", str(place), "-o", str(tmp_path / "out.gpkg"), "--as-of", "2026-11-28"]
    refused = call(*arguments, "--map", "plot_id=KADNUM").exception
    assert isinstance(refused, DataRefused)
    assert "does not say its CRS; say --crs" in str(refused)
    assert call(*arguments, "--map", "plot_id", "--crs", "32642").exit_code == 2
    done = call(*arguments, "--map", "plot_id=KADNUM", "--crs", "32642")
    assert done.exit_code == 0, done.output
    scored = gpd.read_file(tmp_path / "out.gpkg")
    assert sorted(scored["plot_id"]) == sorted(plots["plot_id"])
    assert scored.total_bounds == pytest.approx(plots.to_crs(4326).total_bounds, abs=1e-6)


@in_scored_valley
def test_a_profile_is_fitted_with_its_run_and_both_are_published_at_once() -> None:
    found = json.loads(call("score", "--district", RASHT, "--profile", "self-help-group", "--json").stdout)
    assert found["published"] is True
    assert found["fit"]["profile"] == "self-help-group"
    assert sum(found["fit"]["lights"].values()) == found["plots"] == len(valley.NAMES)
    served = {run["run"]: run["served_in"] for run in json.loads(call("run", "list", "--json").stdout)}
    assert served[found["run"]] == [RASHT]
    shown = json.loads(call("run", "show", str(found["run"]), "--json").stdout)
    assert shown["fits"] == {"self-help-group": found["fit"]["lights"]}
    replayed = json.loads(call("score", "--replay", str(found["run"]), "--json").stdout)
    assert (replayed["identical"], replayed["fits"]) == (True, {"self-help-group": 0})


@in_scored_valley
def test_a_profile_file_is_fitted_to_a_finished_run_without_scoring_again(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(load_profile("couple").text.replace('name = "couple"', 'name = "own"'))
    runs = json.loads(call("run", "list", "--json").stdout)
    result = call("score", "--profile", str(own), "--run", str(runs[-1]["run"]))
    assert result.exit_code == 0, result.output
    assert "never lowers" in result.stdout
    assert "own" in result.stdout
    assert len(json.loads(call("run", "list", "--json").stdout)) == len(runs)


@in_scored_valley
def test_a_profile_that_cannot_be_fitted_leaves_no_run_behind() -> None:
    before = call("run", "list", "--json").stdout
    assert "mother-with-small-children" in str(call("score", "--profile", "nobody").exception)
    assert isinstance(call("score", "--profile", "couple", "--run", "999").exception, NotFound)
    assert call("score", "--run", "1").exit_code == 2
    assert call("run", "list", "--json").stdout == before


@in_scored_valley
def test_explain_says_how_a_plot_fits_a_household() -> None:
    run = json.loads(call("run", "list", "--json").stdout)[-1]["run"]
    assert call("score", "--profile", "mother-with-small-children", "--run", str(run)).exit_code == 0
    arguments = ("explain", "clean", "--run", str(run), "--profile", "mother-with-small-children")
    said = call(*arguments).stdout
    assert "0.24 ha of potato can be run alone; the peak of the work is in September." in said
    assert "never lowers" in said
    assert json.loads(call(*arguments, "--json").stdout)["fit"]["profile"]["name"] == "mother-with-small-children"
    assert "fit" not in json.loads(call("explain", "clean", "--json").stdout)
    missing = call("explain", "clean", "--run", str(run), "--profile", "nobody").exception
    assert isinstance(missing, NotFound)
    assert "mother-with-small-children" in str(missing)


@in_scored_valley
def test_after_an_edit_the_fits_that_are_shown_follow_to_the_new_run() -> None:
    for profile in ("couple", "self-help-group"):
        run = json.loads(call("run", "list", "--json").stdout)[0]["run"] if profile != "couple" else None
        more = ("--district", RASHT) if run is None else ("--run", str(run))
        assert call("score", "--profile", profile, *more).exit_code == 0
    with writing() as connection:
        edited = valley.plot_surveys().assign(salinity_ds_m=3.0)
        load = load_frame(connection, "plot_surveys", edited, mode="update", source="made up", synthetic=True).load_id
    (found,) = json.loads(call("score", "--changed", "--json").stdout)["runs"]
    assert found["published"] is True
    shown = json.loads(call("run", "show", str(found["run"]), "--json").stdout)
    assert set(shown["fits"]) == {"couple", "self-help-group"}
    assert call("layer", "undo", str(load)).exit_code == 0  # for tests that run after this one
    assert call("score", "--changed").exit_code == 0
