"""A drill of a service by its own description: schemathesis makes cases, good and bad, and holds every answer to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema


@dataclass
class Drilled:
    """Cases that were sent, by operation, and what did not go as described: operation, request, what is wrong."""

    cases: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


def drill(
    address: str, *, examples: int, seed: int, headers: Mapping[str, str], settings: Mapping[str, Any]
) -> Drilled:
    """Ask a service for everything it describes, with all checks.

    Parameters
    ----------
    examples : random cases of each operation; edge cases of each parameter come on top.
    headers : fields of every request, such as a key.
    settings : further ones of schemathesis, as its file of settings has them.
    """
    config = SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "headers": dict(headers),
            "generation": {
                "max-examples": examples,
                "no-shrink": True,
                "database": "none",
                "with-security-parameters": False,
            },
            "continue-on-failure": True,
            "request-timeout": 120,
            "phases": {"stateful": {"enabled": False}},
            **settings,
        }
    )
    schema = schemathesis.openapi.from_url(f"{address}/openapi.json", config=config)
    found = Drilled()
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            recorder = event.recorder
            found.cases[recorder.label] = found.cases.get(recorder.label, 0) + len(recorder.interactions)
            for case_id, checks in recorder.checks.items():
                for check in checks:
                    if check.status == Status.FAILURE:
                        said = recorder.interactions[case_id]
                        status = None if said.response is None else said.response.status_code
                        where = f"{recorder.label}: {check.name}: {said.request.uri} answered {status}"
                        found.failures.append(f"{where}\n{_told(check)}\n")
        elif isinstance(event, (events.NonFatalError, events.FatalError)):
            found.failures.append(str(getattr(event, "value", getattr(event, "exception", event))))
    return found


def _told(check: Any) -> str:
    failure = check.failure_info.failure
    return f"{failure.title}: {failure.message}"
