"""The interactive documentation at `/docs`: Swagger UI from this computer, nothing from elsewhere.

A few files by their exact names; there is no folder that a path could leave.
"""

from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import FileResponse, Response

_FILES: Final = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
_VERSION: Final = "3.0.3"
_NULL: Final = {"type": "null"}
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Lapis · API</title>
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_START: Final = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
  persistAuthorization: false,
  defaultModelsExpandDepth: -1,
});
"""
# Swagger UI writes style attributes and has pictures in its style sheet.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def served_files() -> tuple[Path, ...]:
    """Return the files of Swagger UI that are served; whoever packs Lapis must not forget them."""
    from swagger_ui_bundle import swagger_ui_path

    return tuple(Path(swagger_ui_path) / name for name in _FILES)


def router() -> APIRouter:
    """Return the routes of the documentation; its folder is looked up once."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/docs")
    async def show() -> Response:
        return _text(_PAGE, "text/html")

    @routes.get("/docs/start.js")
    async def start() -> Response:
        return _text(_START, "text/javascript")

    def add(path: Path) -> None:
        @routes.get(f"/docs/{path.name}")
        async def file() -> Response:
            return FileResponse(path, media_type=_FILES[path.name], headers=_headers())

    for path in served_files():
        add(path)
    return routes


def older(description: Any) -> Any:
    """Return a description in OpenAPI 3.1 as one in 3.0, where null is no type of its own.

    Only what msgspec and FastAPI make of our routes is looked at.
    """
    match description:
        case {"openapi": str(), **rest}:
            return {"openapi": _VERSION, **{key: older(value) for key, value in rest.items()}}
        case {"anyOf": list(kinds), **rest} if _NULL in kinds:
            others = [older(kind) for kind in kinds if kind != _NULL]
            kind = others[0] if len(others) == 1 else {"anyOf": others}
            return {**kind, **{key: older(value) for key, value in rest.items()}, "nullable": True}
        case dict():
            return {key: older(value) for key, value in description.items()}
        case list():
            return [older(value) for value in description]
    return description


def _text(text: str, kind: str) -> Response:
    return Response(text, media_type=kind, headers=_headers())


def _headers() -> dict[str, str]:
    return {"content-security-policy": _POLICY}
