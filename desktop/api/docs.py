"""The interactive documentation at `/docs`: Swagger UI from this computer, nothing from elsewhere.

A few files by their exact names; there is no folder that a path could leave.
"""

from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.responses import FileResponse, Response

_FILES: Final = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
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
});
"""
# Swagger UI writes style attributes and has pictures in its style sheet.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def router() -> APIRouter:
    """Return the routes of the documentation; its folder is looked up once."""
    from swagger_ui_bundle import swagger_ui_path

    folder = Path(swagger_ui_path)
    routes = APIRouter(include_in_schema=False)

    @routes.get("/docs")
    async def show() -> Response:
        return _text(_PAGE, "text/html")

    @routes.get("/docs/start.js")
    async def start() -> Response:
        return _text(_START, "text/javascript")

    def add(name: str, kind: str) -> None:
        @routes.get(f"/docs/{name}")
        async def file() -> Response:
            return FileResponse(folder / name, media_type=kind, headers=_headers())

    for name, kind in _FILES.items():
        add(name, kind)
    return routes


def _text(text: str, kind: str) -> Response:
    return Response(text, media_type=kind, headers=_headers())


def _headers() -> dict[str, str]:
    return {"content-security-policy": _POLICY}
