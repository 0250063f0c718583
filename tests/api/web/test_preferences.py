"""Weights of Accept and Accept-Encoding, against the examples of RFC 9110 and what browsers and GDAL send."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.web.preferences import choose_encoding, choose_type, read_weights, weigh_type

# RFC 9110, 12.5.1: the table of the example, media type -> weight.
RFC = "text/*;q=0.3, text/plain;q=0.7, text/html;q=0.4, */*;q=0.5"
FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "media_type", "weight"),
    [
        (RFC, "text/plain", 0.7),
        (RFC, "text/html; charset=utf-8", 0.4),
        (RFC, "text/css", 0.3),
        (RFC, "image/jpeg", 0.5),
        (FIREFOX, "application/geo+json", 0.8),
        (None, "text/csv", 1.0),
        ("", "text/csv", 1.0),
        ("*/*", "text/csv", 1.0),
        ("application/json", "application/geo+json", 1.0),
        ("application/json;q=0, */*", "application/geo+json", 0.0),
        ("application/geo+json;q=0, application/json", "application/geo+json", 0.0),
        ("image/*", "application/json", 0.0),
        ("TEXT/CSV", "text/csv", 1.0),
        ("text/csv;q=2", "text/csv", 0.0),  # malformed: as if it were not there
        ("text/csv;q=0.0000", "text/csv", 0.0),
        ("text/csv;q=abc, text/*;q=0.1", "text/csv", 0.1),
    ],
)
def test_the_range_that_names_a_type_most_closely_gives_its_weight(
    accept: str | None, media_type: str, weight: float
) -> None:
    assert weigh_type(accept, media_type) == weight


def test_the_type_wanted_most_is_chosen_and_of_equals_the_first() -> None:
    offered = ("application/geo+json", "text/csv", "application/flatgeobuf")
    assert choose_type(None, offered) == "application/geo+json"
    assert choose_type("text/csv;q=0.5, application/flatgeobuf", offered) == "application/flatgeobuf"
    assert choose_type("text/csv, application/json;q=0.9", offered) == "text/csv"
    assert choose_type("application/*, text/csv", offered) == "application/geo+json"
    assert choose_type("image/png", offered) is None


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        (None, "identity"),
        ("", "identity"),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "br"),
        ("zstd;q=0.5, gzip", "gzip"),
        ("br;q=0.1, gzip;q=0.2", "gzip"),
        ("*", "zstd"),
        ("zstd;q=0, *", "br"),
        ("identity", "identity"),
        ("identity, gzip;q=0.5", "identity"),
        ("gzip;q=0", "identity"),
        ("*;q=0", "identity"),  # nothing is wanted, plain can be read
        ("compress", "identity"),
    ],
)
def test_a_coding_is_chosen_by_weight(header: str | None, coding: str) -> None:
    assert choose_encoding(header, ("zstd", "br", "gzip")) == coding


@given(st.text(alphabet=st.characters(max_codepoint=255), max_size=80))
def test_no_header_is_a_fault(header: str) -> None:
    assert all(0.0 <= weight <= 1.0 for _, weight in read_weights(header))
    assert 0.0 <= weigh_type(header, "text/csv") <= 1.0
    assert choose_encoding(header, ("zstd", "br", "gzip")) in ("zstd", "br", "gzip", "identity")
