"""The OpenAPI document of the service."""

from __future__ import annotations

import json
import tempfile
from typing import Any

import pytest

from api.main import create_app
from tests.clients.process import forget_settings


def openapi_text() -> str:
    """Return what ``GET /openapi.json`` answers, keys sorted.

    Without ``info.version``: it is that of the installed package, and the test of versions holds the number.
    """
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(prefix="obod-expected-") as home:
        patch.setenv("OBOD_HOME", home)
        forget_settings()
        try:
            document = create_app().openapi()
        finally:
            forget_settings()
    del document["info"]["version"]
    return sorted_json(document)


def sorted_json(value: Any) -> str:
    """Return a value as JSON with sorted keys, one member a line."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
