"""Attributes as files write them: numbers, dates, yes and no, codes; what is ambiguous is refused, not guessed."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.catalogue.hazards import HazardEvent, HazardZone
from layers.catalogue.irrigation import Canal
from layers.catalogue.land import Plot, PlotSurvey
from layers.loading.checks import (
    NotAValue,
    check_attributes,
    parse_date,
    parse_flag,
    parse_number,
    required_fields,
)
from layers.loading.faults import Faults


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12.0),
        ("-3.5", -3.5),
        ("3,5", 3.5),
        ("0,25", 0.25),
        ("12 345", 12_345.0),
        ("12\u00a0345,6", 12_345.6),
        ("1e3", 1_000.0),
        ("", None),
        ("-", None),
        ("n/a", None),
        ("NULL", None),
    ],
)
def test_numbers_as_people_write_them(text: str, number: float | None) -> None:
    assert parse_number(text) == number


@pytest.mark.parametrize("text", ["12,345", "1_000", "abc", "12 34", "inf", "nan1", "1,2,3", "0x10", "12 m"])
def test_numbers_that_may_mean_two_things_or_none_are_refused(text: str) -> None:
    with pytest.raises(NotAValue):
        parse_number(text)


def test_a_comma_before_three_digits_is_decimal_where_thousands_cannot_be_meant() -> None:
    assert parse_number("68,779", decimal_comma=True) == 68.779


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_python_writes_is_read_back(number: float) -> None:
    assert parse_number(repr(number)) == number


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2016-02-29", date(2016, 2, 29)),
        ("2016-02-29T10:30:00Z", date(2016, 2, 29)),
        ("2016/2/9", date(2016, 2, 9)),
        ("20160229", date(2016, 2, 29)),
        ("29.02.2016", date(2016, 2, 29)),
        ("03.04.2016", date(2016, 4, 3)),
        ("29/02/2016", date(2016, 2, 29)),
        ("02/29/2016", date(2016, 2, 29)),
        ("04/04/2016", date(2016, 4, 4)),
        ("", None),
    ],
)
def test_dates_with_one_reading_are_read(text: str, day: date | None) -> None:
    assert parse_date(text) == day


@pytest.mark.parametrize(
    "text",
    ["03/04/2016", "3-4-2016", "2016-02-30", "2016", "Feb 2016", "32.01.2016", "0216-01-01", "29.02.16", "42429"],
)
def test_dates_that_are_ambiguous_or_do_not_exist_are_refused(text: str) -> None:
    with pytest.raises(NotAValue):
        parse_date(text)


@given(st.dates(min_value=date(1800, 1, 1), max_value=date(2200, 12, 31)))
def test_every_day_is_read_in_each_unambiguous_form(day: date) -> None:
    assert parse_date(day.isoformat()) == parse_date(f"{day:%d.%m.%Y}") == parse_date(f"{day:%Y%m%d}") == day


def test_yes_and_no_in_three_languages() -> None:
    assert [parse_flag(text) for text in ("yes", "Да", "ҳа", "0", "нет", "")] == [True, True, True, False, False, None]
    with pytest.raises(NotAValue):
        parse_flag("maybe")


def checked(layer: type, **columns: object) -> tuple[dict[str, list[Any]], list[str]]:
    frame = pd.DataFrame(columns)
    faults = Faults(np.arange(1, len(frame) + 1))
    derived = frozenset({"plot_no", "area_ha"}) if layer is Plot else frozenset()
    table = check_attributes(layer, frame, faults, derived)
    values = {name: column.objects().tolist() for name, column in table.items()}
    return values, [str(rejection) for rejection in faults.rejections()]


def test_each_fault_names_row_key_field_value_and_what_was_expected() -> None:
    _, faults = checked(
        Canal,
        code=["c1", "c2", "c3", "c4", "c5"],
        flow_known=["yes", "yes", "perhaps", None, "no"],
        condition=["1", "7", "2", "2.5", "5"],
        lining=["Concrete", "earth", "wood", "earth", None],
        capacity_m3_s=[1.0, 2.0, 3.0, 4.0, -1.0],
    )
    assert faults == [
        "row 2 (c2), condition is '7': expected 1 to 5",
        "row 3 (c3), lining is 'wood': expected one of earth, concrete, stone, membrane, pipe, unknown",
        "row 3 (c3), flow_known is 'perhaps': expected yes or no",
        "row 4 (c4), condition is '2.5': expected a whole number",
        "row 4 (c4), flow_known: is empty",
        "row 5 (c5), capacity_m3_s is '-1.0': expected 0 to 1000 m3/s",
    ]


def test_codes_are_read_in_any_case_and_what_nobody_filled_in_is_unknown() -> None:
    values, faults = checked(Canal, code=["a", "b"], flow_known=[True, False], lining=["CONCRETE ", None])
    assert faults == []
    assert values["lining"] == ["concrete", "unknown"]
    assert values["type"] == ["unknown", "unknown"]
    assert values["condition"] == [None, None]


def test_text_keeps_whole_numbers_whole_and_loses_only_the_blanks_around_it() -> None:
    values, _ = checked(
        HazardEvent, code=[85.0, 86.0], process=["flood", "flood"], title=["  Сел дар Қалъаи Лаби Об ", "   "]
    )
    assert values["code"] == ["85", "86"]
    assert values["title"] == ["Сел дар Қалъаи Лаби Об", None]


def test_a_null_character_is_refused() -> None:
    _, faults = checked(HazardEvent, code=["a"], process=["flood"], title=["x\x00y"])
    assert faults == ["row 1 (a), title: holds a null character"]


def test_dates_of_every_column_type() -> None:
    every: tuple[list[object], ...] = (
        [pd.Timestamp("2024-05-01 13:00"), None],
        [date(2024, 5, 1), None],
        ["01.05.2024", ""],
    )
    for days in every:
        values, faults = checked(PlotSurvey, code=["a", "b"], plot_id=["p", "p"], survey_date=days)
        assert values["survey_date"][0] == date(2024, 5, 1)
        assert faults == ["row 2 (b), survey_date: is empty"]


def test_infinity_and_numbers_too_large_are_refused() -> None:
    _, faults = checked(
        HazardZone,
        code=["a", "b"],
        process=["flood"] * 2,
        level=["high"] * 2,
        source_class=["official"] * 2,
        intensity=["weak"] * 2,
        return_period_y=[np.inf, 3e10],
    )
    assert faults == [
        "row 1 (a), return_period_y is 'inf': expected a finite number",
        "row 2 (b), return_period_y is '30000000000.0': expected at most 2147483647",
    ]


def test_plot_ids_must_be_fit_for_an_address() -> None:
    _, faults = checked(Plot, plot_id=["05-123.A", "05/123", "қ1", None])
    assert [fault.split(":")[0] for fault in faults] == [
        "row 2 (05/123), plot_id is '05/123'",
        "row 3 (қ1), plot_id is 'қ1'",
        "row 4, plot_id",
    ]


def test_what_a_file_must_give() -> None:
    assert required_fields(Plot, frozenset({"plot_no", "area_ha"})) == ["plot_id"]
    assert required_fields(Canal, frozenset()) == ["code", "flow_known"]
    assert required_fields(HazardZone, frozenset()) == ["code", "process"]
