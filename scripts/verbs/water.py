"""``obod water``: evapotranspiration of a station, need and balance of areas, rosters of turns, the network."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import geopandas as gpd
import pyogrio
import typer

from geo.crops.season import ZONES
from geo.errors import TableError
from geo.water.need.climate_table import YEARS, read_climate
from geo.water.need.periods import SPLITS, periods_of_year
from geo.water.need.rain import RAIN_METHODS
from geo.water.need.station import METHODS, Station, find_et0
from geo.water.need.station_table import RESULTS, read_weather
from geo.water.need.turns import lies_in_daylight, share_turns, start_in_daylight
from geo.water.network.joints import SNAP_M
from layers.cache.files import write_whole_at
from layers.catalogue.base import PARTNER
from layers.errors import DataRefused, cannot_be_written
from layers.postgres.engine import computing, writing
from layers.records.audit import Act, note
from layers.settings import get_settings
from layers.water.needs import Among, Asked, find_needs
from layers.water.networks import faults_frame, read_network
from layers.water.tables import require_ending, write_table
from layers.water.turns import plots_in_order
from scripts.output import out, print_json, print_table, tell
from scripts.verbs.water_balance import balance, balances

app = typer.Typer(no_args_is_help=True)
app.command()(balance)
app.command()(balances)

Table = tuple[list[str], list[dict[str, str]]]

ROSTER = ("plot_no", "area_ha")  # columns a table of plots needs
DITCH = ("filling_h", "emptying_h")  # columns it may have


@app.command()
def et0(
    station: Annotated[Path, typer.Argument(metavar="STATION.csv", help="Table of days: date, tmin, tmax and more.")],
    lat: Annotated[float, typer.Option("--lat", help="Latitude, degrees north.")],
    elevation: Annotated[float, typer.Option("--elevation", help="Height above the sea, m.")],
    wind_height: Annotated[float, typer.Option("--wind-height", help="Height of the anemometer, m.")] = 2.0,
    arid: Annotated[
        bool, typer.Option("--arid", help="Without humidity the dew point is 2 degrees below tmin instead of at it.")
    ] = False,
    method: Annotated[str, typer.Option("--method", help=" or ".join(METHODS) + ".")] = METHODS[0],
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Reference evapotranspiration of a station, FAO-56, day by day.

    Columns by name: date, tmin, tmax (degrees C); where measured rh_min, rh_max (%), tdew (degrees C) or ea (kPa), wind
    (m/s), rs (MJ/m2/d) or sunshine (h). The table comes back with et0 (mm/d) and method, which names the fall-backs a
    day needed: without humidity the dew point is tmin, without radiation it is found from the range of temperature,
    without wind it is 2 m/s.
    """
    columns, rows = _read(station)
    weather = read_weather(rows, columns, source=station.name)
    found = find_et0(Station(lat, elevation, wind_height), weather, method=method, arid=arid, source=station.name)
    for row, value, how in zip(rows, found.et0_mm_d.tolist(), found.method.tolist(), strict=True):
        row["et0"], row["method"] = "" if value != value else f"{value:.4f}", how
    if as_json:
        print_json([{**row, "et0": float(row["et0"]) if row["et0"] else None} for row in rows])
    else:
        _write([*columns, *RESULTS], rows)


@app.command()
def need(
    output: Annotated[Path, typer.Option("-o", "--output", help="File; .csv .xlsx .parquet.")],
    climate: Annotated[
        Path | None,
        typer.Option("--climate", metavar="CLIMATE.csv", help="Table of periods: month, rain_mm, et0_mm_d and more."),
    ] = None,
    district: Annotated[str | None, typer.Option("--district", help="Only this district, by code.")] = None,
    canal: Annotated[str | None, typer.Option("--canal", help="Only the areas of this canal.")] = None,
    area: Annotated[str | None, typer.Option("--area", help="Only this command area, by code.")] = None,
    year: Annotated[str, typer.Option("--year", help="Kind of year: " + ", ".join(YEARS) + ".")] = YEARS[0],
    by: Annotated[str, typer.Option("--by", help=" or ".join(SPLITS) + ".")] = "month",
    rain: Annotated[
        str, typer.Option("--rain", help="Rule of effective rain: " + ", ".join(RAIN_METHODS) + ".")
    ] = RAIN_METHODS[0],
    calendar: Annotated[
        str | None,
        typer.Option("--calendar", help="Field calendar for days that are not on record: " + " or ".join(ZONES) + "."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Write what the crops of command areas need in each month or ten days: mm, m3 and l/s/ha.

    The climate is a table of one place: month, part (1 to 3 of ten-day parts), year (normal without such a column),
    rain_mm of the period, et0_mm_d, or tmin_c and tmax_c, from which it is found after Hargreaves; without a table it
    is the one on record for the district of each area (climate_months), whose rain of a month is parted by days. Days
    of sowing are those on record, else of the calendar. Kc are those of the table of crops, whose edition the file
    names. What is not known is empty, and the column unknown says why. The soil's store is not counted on. The file is
    for staff and partners.
    """
    require_ending(output)
    for option, value, known in (
        ("--year", year, YEARS),
        ("--rain", rain, RAIN_METHODS),
        ("--calendar", calendar, ZONES),
    ):
        if value is not None and value not in known:
            raise DataRefused(f"{option} '{value}' is not known: {', '.join(known)} expected.")
    periods = periods_of_year(by)
    sky = None
    if climate is not None:
        columns, rows = _read(climate)
        sky = read_climate(rows, columns, periods, year, source=climate.name)
    with computing(timeout_s=get_settings().command_seconds) as connection:
        found = find_needs(connection, Among(district, canal, area), sky, Asked(year, periods, rain, calendar))
    with writing() as connection:  # before there is a file
        districts = None if district is None else [district]
        note(connection, Act.EXPORT, audience=PARTNER, layer="command_crops", districts=districts, rows=len(found))
    write_table(found, output, "need")
    areas, without = found["area"].nunique(), int(found["gross_m3"].isna().sum())
    if as_json:
        reasons = Counter(str(reason) for reason in found["unknown"] if reason)
        print_json({"file": str(output), "areas": areas, "rows": len(found), "unknown": dict(sorted(reasons.items()))})
        return
    tell(f"{len(found)} rows of {areas} command areas are in {output.name}; {without} of them have no gross need.")


@app.command()
def turns(
    area: Annotated[
        str,
        typer.Argument(metavar="AREA", help="Code of a command area, or a CSV of its plots in the order of the water."),
    ],
    interval: Annotated[float, typer.Option("--interval", help="Days until the first plot has the water again.")],
    day_only: Annotated[
        int, typer.Option("--day-only", min=0, help="How many turns must lie in daylight for those who ask for it.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Share the hours between two turns of an outlet by hectares.

    A plot has its hours per hectare, what the water takes to fill the ditch to it, less what the ditch still gives
    after it is turned away. Plots of an area come nearest to the outlet first, without filling and emptying; a CSV has
    the columns plot_no and area_ha and may have filling_h and emptying_h. A roster knows plots by their numbers alone.
    """
    numbers, hectares, filling, emptying = _plots_of(area)
    roster = share_turns(24.0 * interval, hectares, filling, emptying)
    light = lies_in_daylight(roster)
    if day_only:
        roster, light = start_in_daylight(roster, day_only)
    listed = [
        {
            "plot_no": number,
            "area_ha": round(ha, 4),
            "begins": _clock(float(start)),
            "hours": round(float(hours), 2),
            "in_daylight": bool(lit),
        }
        for number, ha, start, hours, lit in zip(numbers, hectares, roster.start_h, roster.hours, light, strict=True)
    ]
    if as_json:
        print_json({"interval_h": 24.0 * interval, "hours_per_ha": roster.hours_per_ha, "turns": listed})
        return
    words = [{**row, "in_daylight": "yes" if row["in_daylight"] else "no"} for row in listed]
    print_table(words, ("plot_no", "area_ha", "begins", "hours", "in_daylight"))
    tell(f"{roster.hours_per_ha:.2f} hours for a hectare, {int(light.sum())} of {len(listed)} turns in daylight.")


@app.command()
def network(
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="GeoPackage of points to write the faults to.")
    ] = None,
    snap: Annotated[
        float, typer.Option("--snap", min=0.0, max=200.0, help="Ends of canals within it join, m.")
    ] = SNAP_M,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Build the network of the canals that are mapped, and name every fault with its place.

    Networks with a fault that matters (water in a circle, reaches drawn against each other, a direction nobody knows)
    are left out of balances; the others are computed.
    """
    with computing(timeout_s=get_settings().command_seconds) as connection:
        stored = read_network(connection, snap_m=snap)
    faults = stored.faults()
    frame = faults_frame(faults)
    if output is not None:
        _write_faults(frame, output)
    summary = stored.counts()
    if as_json:
        places = [(None, None) if point is None else (point.x, point.y) for point in frame.geometry]
        listed = [
            {"kind": fault.kind, "code": fault.code, "sentence": fault.sentence, "matters": fault.matters}
            | {"lon": lon, "lat": lat}
            for fault, (lon, lat) in zip(faults, places, strict=True)
        ]
        print_json({**summary, "faults": listed, "file": None if output is None else str(output)})
        return
    for fault in faults:
        out.print(("! " if fault.matters else "  ") + fault.sentence, highlight=False, markup=False)
    for kind, count in sorted(Counter(fault.kind for fault in faults).items()):
        tell(f"{count} x {kind}")
    tell(
        f"{summary['reaches']} reaches, {summary['outlets']} outlets and {summary['intakes']} intakes in "
        f"{summary['systems']} systems, {summary['systems_left_out']} of them left out; {len(faults)} faults."
    )


def _write_faults(frame: gpd.GeoDataFrame, output: Path) -> None:
    if output.suffix.casefold() != ".gpkg":
        raise DataRefused(f"{output.name}: a name that ends in .gpkg expected.")
    try:
        with write_whole_at(output) as draft:
            pyogrio.write_dataframe(frame, draft, layer="faults", driver="GPKG", geometry_type="Point")
    except OSError as problem:
        raise cannot_be_written(output.name, problem) from None


def _plots_of(area: str) -> tuple[list[str], list[float], list[float], list[float]]:
    """Numbers, hectares, filling and emptying hours of the plots of an area, or of a table of them."""
    path = Path(area)
    if path.suffix.casefold() != ".csv":
        with computing(timeout_s=get_settings().command_seconds) as connection:
            plots = plots_in_order(connection, area)
        none = [0.0] * len(plots.plot_no)
        return [str(number) for number in plots.plot_no], plots.area_ha.tolist(), none, none
    columns, rows = _read(path)
    for name in ROSTER:
        if name not in columns:
            raise TableError(f"{path.name}: column '{name}' expected, there are {', '.join(columns) or 'none'}")
    if strange := [name for name in columns if name not in (*ROSTER, *DITCH)]:
        raise TableError(
            f"{path.name}: column '{strange[0]}' is not known, a roster has {', '.join((*ROSTER, *DITCH))} and no more"
        )
    figures = [
        [_hours(path.name, number, row, name) for number, row in enumerate(rows, start=2)]
        for name in ("area_ha", *DITCH)
    ]
    return [row["plot_no"] for row in rows], figures[0], figures[1], figures[2]


def _read(path: Path) -> Table:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            columns = [name.strip() for name in reader.fieldnames or ()]
            reader.fieldnames = columns
            rows = []
            for number, row in enumerate(reader, start=2):
                if None in row or None in row.values():
                    raise TableError(f"{path.name}, row {number}: {len(columns)} cells expected")
                rows.append(row)
            return columns, rows
    except FileNotFoundError:
        raise TableError(f"{path.name}: no such file") from None
    except (OSError, UnicodeDecodeError, csv.Error):
        raise TableError(f"{path.name}: a CSV file in UTF-8 expected") from None


def _write(columns: list[str], rows: list[dict[str, str]]) -> None:
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def _hours(source: str, number: int, row: dict[str, str], name: str) -> float:
    text = row.get(name, "0").strip() or ("0" if name in DITCH else "")
    try:
        return float(text)
    except ValueError:
        raise TableError(f"{source}, row {number}, {name}: a number expected, got '{text}'") from None


def _clock(hours: float) -> str:
    """Day and time of day of hours from the first midnight, such as ``day 2, 08:15``."""
    minutes = round(hours * 60)
    return f"day {minutes // 1_440 + 1}, {minutes % 1_440 // 60:02d}:{minutes % 60:02d}"
