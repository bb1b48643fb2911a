"""The application behind the guard: the routes of both protocols, the page, the documentation.

Built once for each start of the server, in whichever thread starts it; runs in the API's thread.
"""

from collections.abc import Sequence
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Security
from fastapi.security import HTTPBearer

import desktop
from desktop.api import docs, errors, ollama_routes, openai_routes, page
from desktop.api.door import Door

_ABOUT: Final = (
    "Lapis answers other programs of this computer with the models that it has: OpenAI's protocol "
    "under `/v1`, Ollama's under `/api`. The key is in the settings of Lapis."
)


class Application(FastAPI):
    """What FastAPI makes, described so that the Swagger UI which is here understands it."""

    def openapi(self) -> dict[str, Any]:
        """Return the description of every route, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = docs.older(super().openapi())
        return self.openapi_schema


def make_app(door: Door) -> FastAPI:
    """Return the application with everything it serves."""
    return app_of([openai_routes.router(door), ollama_routes.router(door)])


def app_of(routers: Sequence[APIRouter]) -> FastAPI:
    """Return an application with `routers`, a page, documentation, and errors in their shapes."""
    app = Application(
        title="Lapis",
        version=desktop.__version__,
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    errors.add_handlers(app)
    # The guard has asked for the key by then; this has the documentation ask for it too.
    key = HTTPBearer(auto_error=False, description="The key in the settings of Lapis.")
    for router in routers:
        app.include_router(router, dependencies=[Security(key)])
    app.include_router(page.router())
    app.include_router(docs.router())
    return app
