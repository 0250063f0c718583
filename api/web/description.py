"""The description of the API (OpenAPI 3.1) says what really comes: statuses, media types, schemas, all within itself.

Routes say what they give (``given``); what every address may say besides, refusals and unchanged answers, is added.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import UnionType
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api.web.errors import MEDIA_TYPE

REFERENCE: Final = "#/components/schemas/{model}"
# What may be said at any address, by status.
ALWAYS: Final = {
    "304": "It has not changed: the caller has what `If-None-Match` names.",
    "406": "Nothing here is of a media type that `Accept` takes.",
    "413": "The request carries a body.",
    "414": "The query is too long.",
    "416": "The range lies beyond the end.",
    "421": "The service does not answer for this host.",
    "500": "Something went wrong on our side; `fault` is its number in the log.",
    "503": "The database does not answer; ask again later.",
}
# What is said only where it can come.
REFUSED: Final = {
    "400": "A parameter is not understood.",
    "401": "The key is not accepted.",
    "403": "This is not open to the caller.",
    "404": "There is no such thing.",
    "422": "This cannot be judged.",
    "429": "Too much was asked for at once.",
}
OF_READING: Final = ("304", "416")
TOO_LARGE: Final = "The body is too large, or its length is not said."
PARTLY: Final = "The part that `Range` asks for."
OF_FRAMEWORK: Final = ("HTTPValidationError", "ValidationError")  # schemas of an answer that never comes


class Answer(BaseModel):
    """What an answer holds; no member that is not named comes."""

    model_config = {"extra": "forbid"}


class Problem(Answer):
    """Problem details (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    fault: str | None = None


def given(
    models: Mapping[str, type[BaseModel] | object | None], *refused: int, headers: Iterable[str] = (), about: str = "OK"
) -> dict[int | str, dict[str, Any]]:
    """Return what a route gives, for its ``responses``.

    Parameters
    ----------
    models : what comes by media type: a model, one of some, ``list[...]`` of one, ``dict``, or None for bytes.
    refused : statuses of refusals beyond those that every address has.
    headers : fields of its own that the answer may have.
    """
    fields = {name: {"schema": {"type": "string"}} for name in headers}
    content = {media_type: {"schema": _schema(model)} for media_type, model in models.items()}
    found: dict[int | str, dict[str, Any]] = {200: {"description": about, "content": content, "headers": fields}}
    return found | {status: {"description": REFUSED[str(status)]} for status in refused}


def or_empty(parameter: Mapping[str, Any]) -> dict[str, Any]:
    """Return a parameter that may also be an empty text, as a form sends what nobody filled in."""

    def either(schema: Mapping[str, Any]) -> dict[str, Any]:
        return {"anyOf": [dict(schema), {"type": "string", "const": ""}]}

    schema = parameter["schema"]
    if schema["type"] == "array":
        return {**parameter, "schema": {**schema, "items": either(schema["items"])}}
    return {**parameter, "schema": either(schema)}


def _schema(model: type[BaseModel] | object | None) -> dict[str, Any]:
    if model is None or model is dict:
        return {"type": "string" if model is None else "object"}
    if isinstance(model, type) and issubclass(model, BaseModel):
        return {"$ref": REFERENCE.format(model=model.__name__)}
    if isinstance(model, UnionType):
        return {"anyOf": [_schema(one) for one in model.__args__]}
    (item,) = model.__args__  # type: ignore[attr-defined]
    return {"type": "array", "items": _schema(item)}


def describe_with(app: FastAPI, models: Sequence[type[BaseModel]]) -> None:
    """Have an application describe itself so, with the models that its routes name."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _describe(app, models)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _describe(app: FastAPI, models: Sequence[type[BaseModel]]) -> dict[str, Any]:
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes, servers=app.servers
    )
    told: list[type[BaseModel]] = [Problem, *models]
    _, defined = models_json_schema([(model, "serialization") for model in told], ref_template=REFERENCE)
    components = document.setdefault("components", {})
    schemas = {name: schema for name, schema in components.get("schemas", {}).items() if name not in OF_FRAMEWORK}
    components["schemas"] = schemas | defined["$defs"]
    for address in document["paths"].values():
        for method, operation in address.items():
            _complete(operation, reads=method == "get")
    return document


def _complete(operation: dict[str, Any], *, reads: bool) -> None:
    """Add to an operation what may come besides what its route says; ``reads`` : it changes nothing."""
    responses = operation["responses"]
    if "422" in responses and responses["422"]["description"] != REFUSED["422"]:
        del responses["422"]  # what the framework says of parameters, which are refused with 400
    refused = {"400": REFUSED["400"], **ALWAYS}
    if not reads:
        refused = {status: about for status, about in refused.items() if status not in OF_READING} | {"413": TOO_LARGE}
    if "security" in operation:
        refused["401"] = REFUSED["401"]
        operation["security"] = [{}, *operation["security"]]  # what is public is open without a key
    if "200" in responses and reads:
        responses["206"] = {**responses["200"], "description": PARTLY}
        _as_bytes(responses["206"])
    problem = {MEDIA_TYPE: {"schema": {"$ref": REFERENCE.format(model=Problem.__name__)}}}
    page = {"text/html": {"schema": {"type": "string"}}}  # for a browser
    for status, about in {**refused, **{code: REFUSED[code] for code in REFUSED if code in responses}}.items():
        responses[status] = {"description": about}
        if status != "304":
            responses[status]["content"] = problem | page
    operation["responses"] = dict(sorted(responses.items()))


def _as_bytes(response: dict[str, Any]) -> None:
    """A part of an answer has its media type, and no schema of the whole holds for it."""
    response["content"] = {media_type: {} for media_type in response.get("content", {})}
