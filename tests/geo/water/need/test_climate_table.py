"""Tables of a climate by periods: what is read, and the sentence for what is not."""

from __future__ import annotations

import numpy as np
import pytest

from geo.errors import TableError
from geo.water.need.climate_table import PeriodClimate, read_climate
from geo.water.need.periods import periods_of_year

MONTHS = [{"month": str(m), "rain_mm": str(m), "et0_mm_d": "5"} for m in range(1, 13)]


def read(rows: list[dict[str, str]], year: str = "normal", by: str = "month") -> PeriodClimate:
    return read_climate(rows, list(rows[0]), periods_of_year(by), year, source="t.csv")


def test_rows_may_stand_in_any_order_and_kind_of_year() -> None:
    rows = [
        {**row, "year": kind, "rain_mm": row["rain_mm"] + more}
        for kind, more in (("wet", "0"), ("dry", ""))
        for row in MONTHS
    ]
    dry, wet = read(rows[::-1], "dry"), read(rows, "wet")
    assert dry.rain_mm.tolist() == list(range(1, 13))
    assert wet.rain_mm.tolist() == [10 * m for m in range(1, 13)]
    assert np.isnan(dry.tmin_c).all()
    assert read([{**MONTHS[0], "rain_mm": ""}, *MONTHS[1:]]).rain_mm[:2].tolist() == [
        pytest.approx(float("nan"), nan_ok=True),
        2,
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"month": "13"}, "t.csv, row 13, month: 1 to 12 expected, got '13'"),
        ({"month": "11"}, "t.csv, row 13: this period of a normal year stands in row 12 already"),
        ({"rain_mm": "-1"}, "t.csv, row 13, rain_mm: a number from 0 to 2000 or nothing expected, got '-1'"),
        ({"rain_mm": "nan"}, "row 13, rain_mm: a number from 0 to 2000 or nothing expected, got 'nan'"),
        ({"et0_mm_d": "1_0"}, "row 13, et0_mm_d: a number from 0 to 20 or nothing expected, got '1_0'"),
    ],
)
def test_a_wrong_cell_is_named(change: dict[str, str], said: str) -> None:
    with pytest.raises(TableError) as refusal:
        read([*MONTHS[:11], MONTHS[11] | change])
    assert said in str(refusal.value)


def test_what_a_table_must_have() -> None:
    def refused(rows: list[dict[str, str]], by: str = "month", year: str = "normal") -> str:
        with pytest.raises(TableError) as refusal:
            read(rows, year, by)
        return str(refusal.value)

    assert "missing is month 3, 12" in refused([row for row in MONTHS if row["month"] not in ("3", "12")])
    parts = [row | {"part": str(p)} for row in MONTHS for p in (1, 2, 3)]
    assert "missing is decade 12/3" in refused(parts[:-1], "decade")
    assert "row 2, part: 0 or nothing expected, got '1'" in refused(parts)
    assert "year: dry, normal, wet expected, got 'late'" in refused([row | {"year": "late"} for row in MONTHS])
    assert "kind of year 'late' is not known" in refused(MONTHS, year="late")
    assert "column 'rain_mm' expected, there are month" in refused([{"month": "1"}])
    assert "column 'et0_mm_d', or 'tmin_c' and 'tmax_c', expected" in refused(
        [{"month": "1", "rain_mm": "1", "tmin_c": "1"}]
    )
    assert "column 'rh' is not known" in refused([row | {"rh": "1"} for row in MONTHS])
    warm = [row | {"tmin_c": "20", "tmax_c": "19"} for row in MONTHS]
    assert "row 2, tmax_c: at least tmin_c expected" in refused(warm)
