"""Limits of a deployment: seen, set, and held against each other."""

from __future__ import annotations

import pytest

from layers.errors import LayersError
from layers.postgres.creation import _reason
from layers.settings import Settings, get_settings


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"QUERY_SECONDS": "90"}, "OBOD_QUERY_SECONDS (90), OBOD_EXPORT_SECONDS (60) and OBOD_COMMAND_SECONDS (600)"),
        ({"EXPORT_SECONDS": "601"}, "must not fall"),
        (
            {"CONNECTIONS": "75"},
            "1 serving with OBOD_CONNECTIONS (75) and OBOD_EXTRA_CONNECTIONS (10) each, and 20 for",
        ),
        ({"SERVER_CONNECTIONS": "39"}, "need 40; OBOD_SERVER_CONNECTIONS is 39"),
        ({"KEY_SECONDS": "3601"}, "OBOD_KEY_SECONDS is not understood"),
    ],
)
def test_limits_that_do_not_fit_each_other_end_in_one_sentence(
    values: dict[str, str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OBOD_DATABASE_URL", raising=False)
    for name, value in values.items():
        monkeypatch.setenv(f"OBOD_{name}", value)
    get_settings.cache_clear()
    try:
        with pytest.raises(LayersError) as refusal:
            get_settings()
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
    assert told in str(refusal.value)


def test_processes_share_the_connections_of_the_embedded_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OBOD_DATABASE_URL", raising=False)
    settings = Settings()
    settings.require_connections(processes=4)
    with pytest.raises(ValueError, match=r"^5 serving .* need 120; OBOD_SERVER_CONNECTIONS is 100$"):
        settings.require_connections(processes=5)
    monkeypatch.setenv("OBOD_DATABASE_URL", "postgresql://u:p@db/obod")
    Settings().require_connections(processes=5)


def test_the_first_fault_a_program_printed_is_told() -> None:
    printed = "creating directory ... ok\ninitdb: error: could not write file\ninitdb: removing data directory\n"
    assert _reason(printed) == "initdb: error: could not write file"
    assert _reason("\n") == "no reason was given"
