"""Attributes of a file as the typed, bounded values a layer declares; whatever does not fit is named, never bent."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Boolean, Column, Date, Float, Integer

from layers.catalogue.base import About, Layer
from layers.loading.faults import Faults, one_of
from layers.postgres.binary_types import FIRST_DAY
from layers.postgres.copy_columns import Values, columns_of, constant
from layers.records.phrases import Digits, Phrase, told

UNKNOWN = "unknown"  # the code layers declare for a text nobody could fill in
NOTHING = frozenset({"", "-", "–", "—", "null", "none", "nan", "n/a", "na", "nil"})  # how files write an empty number
TRUE = frozenset({"true", "t", "yes", "y", "1", "да", "ҳа", "бале"})
FALSE = frozenset({"false", "f", "no", "n", "0", "нет", "не"})
EXACT = 2.0**53  # beyond it not every whole number is a float64; IEEE 754
YEARS = (1800, 2200)  # a date outside is a slip of the keyboard

GROUPED = re.compile(r"[+-]?\d{1,3}(?: \d{3})+(?:[.,]\d+)?")  # 12 345,6
DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+")
THOUSANDS_OR_DECIMAL = re.compile(r"[+-]?\d{1,3},\d{3}")  # 12,345 may be either
URL_SAFE = re.compile(r"[A-Za-z0-9._~-]+")  # RFC 3986, unreserved characters
URL_SAFE_EXPECTED = told("expected letters a-z, digits and . _ ~ - only, since it stands in addresses")
PLOT_KEY_EXPECTED = told(
    "{expected}; load a cadastral number as cadastral_no and make the keys: --map cadastral_no=COLUMN --key digest",
    expected=URL_SAFE_EXPECTED,
)
MISSING = told("is missing")

ISO_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?")
COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")
DOTTED_DATE = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?: \d.*)?")  # day first, as written in Tajik and Russian
SLASHED_DATE = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})(?: \d.*)?")


class NotAValue(ValueError):
    """A text that is not a value of the wanted type; says what was expected."""

    @property
    def expected(self) -> str:
        """What was expected, as it was told."""
        told_so: str = self.args[0]
        return told_so


def parse_number(text: str, *, decimal_comma: bool = False) -> float | None:
    """Return the number a text stands for, None for nothing; a decimal comma and grouping spaces are read.

    Raises NotAValue where it is no number, or ``12,345``, which may be either of two unless ``decimal_comma`` says
    that thousands cannot be meant.
    """
    plain = re.sub(r"[\u00a0\u202f\u2009]", " ", text).strip()
    if plain.casefold() in NOTHING:
        return None
    if THOUSANDS_OR_DECIMAL.fullmatch(plain) and not decimal_comma:
        raise NotAValue(told("may mean thousands or decimals; expected a decimal point and no grouping"))
    if GROUPED.fullmatch(plain):
        plain = plain.replace(" ", "").replace(",", ".")
    elif DECIMAL_COMMA.fullmatch(plain):
        plain = plain.replace(",", ".")
    try:
        number = float(plain)
    except ValueError:
        raise NotAValue(told("expected a number")) from None
    if not math.isfinite(number) or "_" in plain:
        raise NotAValue(told("expected a finite number"))
    return number


def parse_date(text: str) -> date | None:
    """Return the day a text stands for, None for nothing.

    Year first, or day first with dots; with slashes or dashes only where one reading alone is possible.
    Raises NotAValue otherwise.
    """
    plain = text.strip()
    if plain.casefold() in NOTHING:
        return None
    if match := ISO_DATE.fullmatch(plain) or COMPACT_DATE.fullmatch(plain):
        year, month, day = map(int, match.groups())
    elif match := DOTTED_DATE.fullmatch(plain):
        day, month, year = map(int, match.groups())
    elif match := SLASHED_DATE.fullmatch(plain):
        first, second, year = map(int, match.groups())
        if first <= 12 and second <= 12 and first != second:
            raise NotAValue(told("day and month may be either way round; expected YYYY-MM-DD"))
        day, month = (first, second) if first > 12 or first == second else (second, first)
    else:
        raise NotAValue(told("expected a date as YYYY-MM-DD"))
    if not YEARS[0] <= year <= YEARS[1]:
        raise NotAValue(told("expected a year from {first} to {last}", first=str(YEARS[0]), last=str(YEARS[1])))
    try:
        return date(year, month, day)
    except ValueError:
        raise NotAValue(told("there is no such day; expected a date as YYYY-MM-DD")) from None


def parse_flag(text: str) -> bool | None:
    """Return what a yes-or-no text says, None for nothing; raises NotAValue otherwise."""
    plain = text.strip().casefold()
    if plain in TRUE or plain in FALSE:
        return plain in TRUE
    if plain in NOTHING:
        return None
    raise NotAValue(told("expected yes or no"))


def required_fields(layer: type[Layer], derived: frozenset[str]) -> list[str]:
    """Fields a file must give: not nullable, not derived, and without a code for *unknown*."""
    return [
        name
        for name, about in layer.attributes().items()
        if not columns_of(layer)[name].nullable and name not in derived and UNKNOWN not in about.values
    ]


def check_attributes(
    layer: type[Layer], frame: pd.DataFrame, faults: Faults, derived: frozenset[str] = frozenset()
) -> dict[str, Values]:
    """Return the layer's attributes as typed columns, noting every value that does not fit in ``faults``.

    ``frame`` has one column per field it knows; fields it lacks become unknown, and ``derived`` ones may. Rows with
    a fault keep some value of the right type, to be left out by the caller.
    """
    table: dict[str, Values] = {}
    for name, about in layer.attributes().items():
        column = columns_of(layer)[name]
        if name not in frame:
            table[name] = _absent(column, about, len(frame), faults, derived)
            continue
        given = frame[name]
        values = _typed(given, column, faults)
        if name == layer.key:
            faults.keys = values.objects()
            if layer.key_in_address:
                _check_url_safe(name, values, faults, PLOT_KEY_EXPECTED if layer.judged else URL_SAFE_EXPECTED)
        table[name] = _bounded(values, given, column, about, faults, derived)
    _check_ends(table, faults)
    return table


def _check_ends(table: dict[str, Values], faults: Faults) -> None:
    """Note rows whose least is more than their most: ``*_low`` and ``*_high`` of one quantity."""
    for name, low in table.items():
        high = table.get(f"{name.removesuffix('_low')}_high") if name.endswith("_low") else None
        if high is not None and low.data.dtype == high.data.dtype == np.float64:
            wrong = ~low.null & ~high.null & (low.data > high.data)
            if wrong.any():
                reason = told("is more than {field}", field=f"{name.removesuffix('_low')}_high")
                faults.add(wrong, reason, name, low.data)


def _absent(column: Column[Any], about: About, count: int, faults: Faults, derived: frozenset[str]) -> Values:
    if not column.nullable and UNKNOWN in about.values:
        return constant(UNKNOWN, count)
    if not column.nullable and column.name not in derived:
        faults.add(np.ones(count, dtype=bool), MISSING, column.name)
    return constant(None, count, dtype_of(column))


def dtype_of(column: Column[Any]) -> Any:
    """Return the type of the array that holds values of a column."""
    for kind, dtype in ((Boolean, np.bool_), (Integer, np.int64), (Float, np.float64), (Date, "datetime64[D]")):
        if isinstance(column.type, kind):
            return dtype
    return object


def _typed(given: pd.Series[Any], column: Column[Any], faults: Faults) -> Values:
    if isinstance(column.type, Boolean):
        return _flags(given, column.name, faults)
    if isinstance(column.type, Integer | Float):
        return _numbers(given, column, faults)
    if isinstance(column.type, Date):
        return _dates(given, column.name, faults)
    return _texts(given, column.name, faults)


def _parsed(given: pd.Series[Any], parse: Callable[[str], Any], dtype: Any, name: str, faults: Faults) -> Values:
    """Parse texts, each different one once."""
    codes, uniques = pd.factorize(given)
    data = np.zeros(len(uniques) + 1, dtype=dtype)
    null = np.zeros(len(uniques) + 1, dtype=bool)
    null[-1] = True  # code -1: no value
    reasons: dict[int, str] = {}
    for position, text in enumerate(uniques):
        try:
            value = parse(str(text))
        except NotAValue as unreadable:
            reasons[position] = unreadable.expected
            value = None
        null[position] = value is None
        if value is not None:
            data[position] = value
    for position, reason in reasons.items():
        faults.add(codes == position, reason, name, given.to_numpy(dtype=object))
    return Values(data[codes], null[codes])


def _flags(given: pd.Series[Any], name: str, faults: Faults) -> Values:
    if given.dtype == bool:
        return Values(given.to_numpy(), np.zeros(len(given), dtype=bool))
    if pd.api.types.is_numeric_dtype(given.dtype):
        given = given.map({0: "false", 1: "true"}, na_action="ignore").where(
            given.isna() | given.isin([0, 1]), given.astype(object)
        )
    return _parsed(given, parse_flag, np.bool_, name, faults)


def _numbers(given: pd.Series[Any], column: Column[Any], faults: Faults) -> Values:
    name = column.name
    if pd.api.types.is_bool_dtype(given.dtype):
        faults.add(given.notna().to_numpy(), told("expected a number"), name, given.to_numpy(dtype=object))
        return constant(None, len(given), dtype_of(column))
    if pd.api.types.is_numeric_dtype(given.dtype):
        data = given.to_numpy(dtype=np.float64, na_value=np.nan)
        infinite = np.isinf(data)
        faults.add(infinite, told("expected a finite number"), name, data)
        values = Values(data, np.isnan(data) | infinite)
    else:
        values = _parsed(given, parse_number, np.float64, name, faults)
    if not isinstance(column.type, Integer):
        return values
    known = np.where(values.null, 0.0, values.data)
    limit = 2.0**53 if isinstance(column.type, BigInteger) else 2.0**31 - 1
    broken, beyond = known != np.round(known), np.abs(known) > limit
    faults.add(broken, told("expected a whole number"), name, given.to_numpy(dtype=object))
    faults.add(beyond, told("expected at most {most}", most=Digits(f"{limit:.0f}")), name, given.to_numpy(dtype=object))
    null = values.null | broken | beyond
    return Values(np.where(null, 0.0, known).astype(np.int64), null)


def _dates(given: pd.Series[Any], name: str, faults: Faults) -> Values:
    if pd.api.types.is_datetime64_any_dtype(given.dtype):
        if given.dt.tz is not None:
            given = given.dt.tz_localize(None)  # the day the file writes, whatever its zone
        days = given.to_numpy(dtype="datetime64[ns]").astype("datetime64[D]")
        return Values(np.where(np.isnat(days), FIRST_DAY, days), np.isnat(days))
    as_text = given.map(lambda value: value.isoformat() if isinstance(value, date | datetime) else value)
    return _parsed(as_text, parse_date, "datetime64[D]", name, faults)


def _texts(given: pd.Series[Any], name: str, faults: Faults) -> Values:
    rounded = _rounded(given)
    if rounded.any():
        reason = told("has more digits than a number keeps; expected it as text, in quotes")
        faults.add(rounded, reason, name, given.to_numpy(dtype=object))
        given = given.mask(rounded)
    if pd.api.types.is_float_dtype(given.dtype) and (given.dropna() % 1 == 0).all():
        given = given.astype("Int64")  # 85.0 was 85 before a reader met an empty cell
    null = given.isna().to_numpy(dtype=bool)
    text = given.astype("str").where(~null, "").str.strip()
    data = text.to_numpy(dtype=object)
    null = null | (text == "").to_numpy(dtype=bool)
    faults.add(text.str.contains("\x00", regex=False).to_numpy(dtype=bool), told("holds a null character"), name)
    return Values(data, null)


def _rounded(given: pd.Series[Any]) -> NDArray[np.bool_]:
    """Which values are what readers make of an integer too long for them; its last digits are lost, a key with them."""
    if given.dtype == object:
        floats = given.map(lambda value: value if isinstance(value, float | np.floating) else np.nan)
        given = pd.to_numeric(floats)
    if not pd.api.types.is_float_dtype(given.dtype):
        return np.zeros(len(given), dtype=bool)
    return np.asarray(given.abs().gt(EXACT).to_numpy(dtype=bool, na_value=False))


def _check_url_safe(name: str, values: Values, faults: Faults, expected: str) -> None:
    if URL_SAFE.fullmatch("".join(values.data.tolist())):
        return
    unsafe = np.array([not URL_SAFE.fullmatch(text) for text in values.data], dtype=bool) & ~values.null
    faults.add(unsafe, expected, name, values.data)


def _bounded(
    values: Values, given: pd.Series[Any], column: Column[Any], about: About, faults: Faults, derived: frozenset[str]
) -> Values:
    name = column.name
    if about.values:
        values = _coded(values, about.values, name, faults)
    if not column.nullable and name not in derived:
        if UNKNOWN in about.values:
            values = Values(np.where(values.null, UNKNOWN, values.data), np.zeros(len(values), dtype=bool))
        faults.add(values.null & ~faults.of(name), told("is empty"), name)
    if about.minimum is not None or about.maximum is not None:
        low = -np.inf if about.minimum is None else about.minimum
        high = np.inf if about.maximum is None else about.maximum
        least, most = Digits(f"{low:g}"), Digits(f"{high:g}")
        if about.maximum is None:
            wanted = told("expected {least} or more", least=_measured(least, about.unit))
        elif about.minimum is None:
            wanted = told("expected {most} or less", most=_measured(most, about.unit))
        else:
            wanted = told("expected {least} to {most}", least=least, most=_measured(most, about.unit))
        outside = ~values.null & ((values.data < low) | (values.data > high))
        faults.add(outside, wanted, name, given.to_numpy(dtype=object))
    return values


def _measured(number: Digits, unit: str | None) -> str:
    return told("{number} {unit}", number=number, unit=Phrase(unit)) if unit else number


def _coded(values: Values, codes: tuple[str, ...], name: str, faults: Faults) -> Values:
    """Codes as declared, whatever case the file writes them in."""
    by_fold = {code.casefold(): code for code in codes}
    positions, uniques = pd.factorize(values.objects())
    table = np.array([*(by_fold.get(text.casefold()) for text in uniques), None], dtype=object)
    data = table[positions]
    alien = np.array([code is None for code in data], dtype=bool) & ~values.null
    faults.add(alien, one_of(codes), name, values.data)
    return Values(data, values.null | alien)
