"""The page at `/` and the documentation: in two languages, from this computer alone, without a key."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from desktop.api.page import wished
from desktop.base.paths import resources
from tests.harness.api_house import KEY, ApiHouse, RawAnswer, RawClient, api_house, request

BROWSER = ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")


@pytest.fixture(name="house")
def _house() -> Iterator[ApiHouse]:
    with api_house() as house:
        yield house


def get(house: ApiHouse, path: str, *headers: tuple[str, str]) -> RawAnswer:
    with RawClient(house.port) as client:
        client.send(request("GET", path, headers, host=f"localhost:{house.port}", key=None))
        return client.answer()


class Page(HTMLParser):
    """What a page would have a browser fetch or run, and what it shows."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.inline: list[tuple[str, str]] = []
        self.ids: set[str] = set()
        self.copied: list[str] = []
        self.language = ""
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self._inside = tag
        self.fetched += [values[name] or "" for name in ("src", "href") if name in values]
        self.language = values.get("lang") or self.language
        self.ids.add(values.get("id") or "")
        self.copied += [values["data-copy"] or ""] if "data-copy" in values else []
        assert "style" not in values
        assert not [name for name in values if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        if self._inside in {"style", "script"}:
            self.inline.append((self._inside, data))

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_browser_gets_a_page_that_needs_nothing_else(house: ApiHouse, language: str) -> None:
    answer = get(house, "/", BROWSER, ("Accept-Language", language))
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/html")
    page = Page(answer.words)
    assert page.language == language
    assert all(address.startswith(("data:", "/docs")) for address in page.fetched)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert len(page.inline) == 2
    for kind, text in page.inline:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert page.copied
    assert set(page.copied) <= page.ids
    assert f"http://localhost:{house.port}/v1" in answer.words
    assert KEY not in answer.words
    assert "$" not in answer.words.replace(page.inline[1][1], "")


def test_programs_that_look_for_ollama_find_one(house: ApiHouse) -> None:
    for accept in ((), (("Accept", "*/*"),)):
        answer = get(house, "/", *accept)
        assert answer.body == b"Ollama is running"
    with RawClient(house.port) as client:
        client.send(request("HEAD", "/", key=None))
        assert client.socket.recv(15) == b"HTTP/1.1 200 OK"


def test_both_languages_say_everything() -> None:
    english, chinese = (
        json.loads((resources() / "api" / f"words.{name}.json").read_text(encoding="utf-8"))
        for name in ("en", "zh_CN")
    )
    layout = (resources() / "api" / "page.html").read_text(encoding="utf-8")
    holes = set(re.findall(r"\$(\w+)", layout)) - {"style", "script", "address"}
    assert holes == set(english) == set(chinese)
    same = {name for name in english if english[name] == chinese[name]}
    assert same == {"key"}
    assert not [text for text in chinese.values() if "您" in text]


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh_CN"),
        ("en-GB,zh;q=0.9", "en"),
        ("de,zh;q=0.5,en;q=0.4", "zh_CN"),
        ("zh;q=0", "en"),
        ("zh;q=zh", "en"),
        ("fr", "en"),
        (",;=" * 1000, "en"),
    ],
)
def test_the_language_is_the_one_a_browser_wants_most(accept: str, language: str) -> None:
    assert wished(accept) == language


def test_the_documentation_works_from_this_computer_alone(house: ApiHouse) -> None:
    answer = get(house, "/docs", BROWSER)
    assert answer.status == 200
    page = Page(answer.words)
    assert page.fetched
    for address in page.fetched:
        assert address.startswith("/docs/")
        assert get(house, address).status == 200
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "connect-src 'self'" in policy
    start = get(house, "/docs/start.js").words
    assert 'url: "/openapi.json"' in start
    assert "validatorUrl: null" in start


def test_the_documentation_lists_the_routes_and_asks_for_the_key(house: ApiHouse) -> None:
    answer = get(house, "/openapi.json").words
    schema = json.loads(answer)
    assert {"/v1/models", "/v1/chat/completions", "/api/chat", "/api/tags"} <= set(schema["paths"])
    assert "/" not in schema["paths"]
    # What Swagger UI 4 shows: it knows no null.
    assert schema["openapi"].startswith("3.0.")
    assert '"null"' not in answer
    assert schema["paths"]["/v1/models"]["get"]["security"]
    (scheme,) = schema["components"]["securitySchemes"].values()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert not re.findall(r"https?://(?!localhost)", json.dumps(schema))
