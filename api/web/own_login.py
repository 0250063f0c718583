"""A service does not answer while it is logged in as the owner of the database, however it is started."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from api.web.errors import Problem, problem
from layers.errors import DatabaseUnavailable, LayersError
from layers.postgres.engine import noting
from layers.schema.logins import require_own_login

OWNER = Problem(503, "owner-serves", "The service is not set up")
NOT_SET_UP = "Whoever runs this service has to give it a login of its own; obod serve says how."


class OwnLogin:
    """ASGI middleware: looks at the login before anything else of the service begins.

    Where the database is away then, it looks as soon as somebody asks and the database is back.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._is_own = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Begin, or answer one request."""
        if not self._is_own:
            try:
                await run_in_threadpool(_look)
                self._is_own = True
            except DatabaseUnavailable:
                pass  # nothing can be read; each answer says so
            except LayersError as refusal:
                if scope["type"] == "lifespan":
                    await receive()
                    await send({"type": "lifespan.startup.failed", "message": str(refusal)})
                    raise  # a server that was told logs no more of it
                await problem(OWNER, NOT_SET_UP)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _look() -> None:
    with noting() as connection:
        require_own_login(connection)
