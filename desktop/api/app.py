"""The application behind the guard: the routes of both protocols, the page, the documentation.

Built once for each start of the server, in whichever thread starts it; runs in the API's thread.
"""

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI

import desktop
from desktop.api import docs, errors, page
from desktop.api.door import Door

_ABOUT = (
    "Lapis answers other programs of this computer with the models that it has: OpenAI's protocol "
    "under `/v1`, Ollama's under `/api`."
)


def make_app(door: Door) -> FastAPI:
    """Return the application with everything it serves."""
    from desktop.api import ollama_routes, openai_routes

    return app_of([openai_routes.router(door), ollama_routes.router(door)])


def app_of(routers: Sequence[APIRouter]) -> FastAPI:
    """Return an application with `routers`, a page, documentation, and errors in their shapes."""
    app = FastAPI(
        title="Lapis",
        version=desktop.__version__,
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
    )
    errors.add_handlers(app)
    for router in [*routers, page.router(), docs.router()]:
        app.include_router(router)
    return app
