"""Headers that tell a browser what a page may do; every answer has them, a fault of ours too."""

from __future__ import annotations

from typing import Final

from starlette.types import Scope

FRAMED: Final = "/maps/"  # pages made to be embedded elsewhere
POLICY: Final = (
    "default-src 'self'; img-src 'self' data: blob:; worker-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors {ancestors}"
)
ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), microphone=(), payment=(), geolocation=(self)",
}


def route_path(scope: Scope) -> str:
    """Return what is asked for within the service, wherever the service lies."""
    root, path = scope.get("root_path", ""), str(scope["path"])
    return path[len(root) :] if root and path.startswith(f"{root}/") else path


def security_headers(path: str) -> dict[str, str]:
    """Return the headers of an answer to a request for ``path``."""
    if path.startswith(FRAMED):
        return {**ALWAYS, "Content-Security-Policy": POLICY.format(ancestors="*")}
    policy = POLICY.format(ancestors="'self'")
    return {**ALWAYS, "Content-Security-Policy": policy, "X-Frame-Options": "SAMEORIGIN"}
