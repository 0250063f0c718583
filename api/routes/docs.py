"""The description of the API for people: Swagger UI from our own files, without a line of inline script."""

from __future__ import annotations

from html import escape

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from api.rendering import assets

router = APIRouter(include_in_schema=False)

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Obod API</title>
<link rel="stylesheet" href="{style}">
</head>
<body>
<div id="docs" data-description="{description}"></div>
<script src="{bundle}"></script>
<script src="{script}"></script>
</body>
</html>
"""


@router.get("/docs")
def get_docs(request: Request) -> HTMLResponse:
    """Return the page; it reads ``/openapi.json``."""
    base = request.scope.get("root_path", "")
    page = _PAGE.format(
        style=escape(assets.address(base, "vendor/swagger-ui-dist/swagger-ui.css")),
        bundle=escape(assets.address(base, "vendor/swagger-ui-dist/swagger-ui-bundle.js")),
        script=escape(assets.address(base, "js/docs.js")),
        description=escape(f"{base}/openapi.json"),
    )
    return HTMLResponse(page)
