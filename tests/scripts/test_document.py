"""The reference page: nothing an operator can set or type goes without a description."""

from __future__ import annotations

from typing import ClassVar

import pytest
from pydantic import Field
from pydantic_settings import BaseSettings

from scripts import document


def test_settings_are_told_with_default_limits_and_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    class Few(BaseSettings):
        model_config: ClassVar = {"extra": "ignore"}
        port: int = Field(8000, ge=1, le=65_535, description="Port")
        room_gb: float = Field(8.0, ge=0.0, description="Room")
        texts: bool = Field(True, description="Texts")
        hosts: str = Field("", description="Hosts")

    monkeypatch.setattr(document, "Settings", Few)
    assert list(document.describe_settings())[2:] == [
        "| `OBOD_PORT` | `8000` | Port (1 to 65535) |",
        "| `OBOD_ROOM_GB` | `8.0` | Room (at least 0.0) |",
        "| `OBOD_TEXTS` | true | Texts |",
        "| `OBOD_HOSTS` | empty | Hosts |",
    ]


def test_a_setting_without_a_description_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent(BaseSettings):
        secret_limit: int = 3

    monkeypatch.setattr(document, "Settings", Silent)
    with pytest.raises(ValueError, match="secret_limit"):
        list(document.describe_settings())


def test_verbs_of_the_contract_are_told() -> None:
    page = document.page()
    for typed in (
        "obod backup",
        "obod db",
        "`obod layer load`",
        "`--crs`",
        "`obod run publish`",
        "`--replay`",
        "`OBOD_HOME`",
    ):
        assert typed in page, typed
