"""The page at `/`: what this server is, and how to use it.

For people with a browser, in their language; programs that look whether an Ollama is there, and do not
ask for a page, get the line that they look for. Nothing on it comes from elsewhere, and it holds no
key: whoever may have it finds it in the settings of Lapis.
"""

import base64
import hashlib
import html
import re
from string import Template
from typing import Final

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from desktop.base.paths import resources

_OLLAMA_LINE: Final = "Ollama is running"
_LANGUAGES: Final = ("en", "zh_CN")
_WISH: Final = re.compile(
    r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]{1,30})?\s*(?:;\s*q=([0-9.]{1,5})\s*)?"
)
_MOST_WISHES: Final = 20


def router() -> APIRouter:
    """Return the route of the page, which is read from its files once."""
    folder = resources() / "api"
    layout = Template((folder / "page.html").read_text(encoding="utf-8"))
    style = (folder / "page.css").read_text(encoding="utf-8")
    script = (folder / "page.js").read_text(encoding="utf-8")
    words = {name: _words(name) for name in _LANGUAGES}
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    routes = APIRouter(include_in_schema=False)

    @routes.get("/")
    async def page(request: Request) -> Response:
        if "text/html" not in request.headers.get("accept", ""):
            return PlainTextResponse(_OLLAMA_LINE)
        language = wished(request.headers.get("accept-language", ""))
        # The Host was held against our own before this.
        address = html.escape(f"http://{request.headers['host']}")
        text = layout.substitute(words[language], style=style, script=script, address=address)
        headers = {"content-security-policy": policy, "vary": "Accept, Accept-Language"}
        return Response(text, media_type="text/html", headers=headers)

    return routes


def wished(accept: str) -> str:
    """Return which of our languages an `Accept-Language` asks for most; English for none."""
    best, most = "en", 0.0
    for part in accept.split(",")[:_MOST_WISHES]:
        found = _WISH.fullmatch(part)
        if found is None:
            continue
        weight = _weight(found[2])
        name = {"en": "en", "zh": "zh_CN"}.get(found[1].lower())
        if name is not None and weight > most:
            best, most = name, weight
    return best


def _weight(text: str | None) -> float:
    try:
        return 1.0 if text is None else float(text)
    except ValueError:
        return 0.0


def _words(language: str) -> dict[str, str]:
    """Return the words of the page as HTML; what they mark as code is `code`."""
    path = resources() / "api" / f"words.{language}.json"
    words = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    return {
        key: re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))
        for key, text in words.items()
    }


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
