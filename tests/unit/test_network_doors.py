"""Every connection passes one of two doors, and both note it first: read in the program's text."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

_PACKAGE = Path(__file__).parents[2] / "desktop"

# What opens a connection, by the name that it is called by, and the modules that may.
OPENERS: Final[Mapping[str, tuple[str, ...]]] = {
    "Client": ("hub.client",),
    "AsyncClient": ("hub.server_http", "backends.ollama.wire"),
    "AsyncOpenAI": ("backends.openai",),
    "DefaultAsyncHttpxClient": ("backends.openai",),
    # To the display, for whether there is one.
    "create_connection": ("base.display",),
    # A part of the Models page is called so.
    "open_connection": ("ui.connection_controller",),
    **dict.fromkeys(
        (
            *("OpenAI", "DefaultHttpxClient", "HTTPTransport", "AsyncHTTPTransport"),
            *("HTTPConnection", "HTTPSConnection", "ConnectionPool", "AsyncConnectionPool"),
            *("urlopen", "urlretrieve", "sock_connect", "connect_ex"),
            *("create_datagram_endpoint", "getaddrinfo", "gethostbyname", "getnameinfo"),
            *("QNetworkAccessManager", "QTcpSocket", "QSslSocket", "QUdpSocket", "QWebSocket"),
        ),
        (),
    ),
}
# Whose connections are those of the first column of doors: they get everything from `http_options`.
LED = frozenset({"AsyncOpenAI", "DefaultAsyncHttpxClient", "AsyncClient"})
# Of Qt's network only what stays within this computer, between two Lapis.
LOCAL_QT = frozenset({"QLocalServer", "QLocalSocket"})
# Programs and parts of systems that connect on somebody's behalf.
CONNECTING = frozenset(
    {
        *("wget", "ssh", "scp", "sftp", "rsync", "nc", "ncat", "ftp", "pip", "bitsadmin"),
        *("certutil", "winhttp", "wininet", "ws2_32", "winhttp.dll", "wininet.dll", "ws2_32.dll"),
        *("libcurl.so.4", "CFNetwork", "NSURLSession", "NSURLConnection"),
    }
)
# What is put together with where its requests are noted: how many arguments in their order will do.
NOTED: Final[Mapping[str, int]] = {
    "Sources": 6,
    "Connections": 5,
    "network_of": 3,
    "examine_connections": 3,
    # By its name alone.
    **dict.fromkeys(("Downloads", "EnginePacks", "Updates"), 99),
}
# A network without a list, for what connects nowhere: files of certificates are only read.
BARE = frozenset({"hub.network", "services.connection", "selftest"})


def faults(sources: Mapping[str, str]) -> list[str]:
    """Return what passes the doors by in `sources`, program text by module name."""
    return [
        f"{name}:{line}: {fault}"
        for name, source in sources.items()
        for line, fault in _faults(name, ast.parse(source))
    ]


def _faults(name: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module="PySide6.QtNetwork", names=names, lineno=line):
                for alias in names:
                    if alias.name not in LOCAL_QT:
                        yield line, f"imports {alias.name}"
            case ast.ImportFrom(module="PySide6", names=names, lineno=line):
                if any("Network" in alias.name or "Web" in alias.name for alias in names):
                    yield line, "imports a part of Qt that connects"
            case ast.Import(names=names, lineno=line):
                if any(alias.name == "webbrowser" for alias in names):
                    yield line, "imports webbrowser"
            case ast.Constant(value=str() as word, lineno=line) if word in CONNECTING:
                yield line, f"names {word}"
            case ast.Call(lineno=line):
                yield from ((line, fault) for fault in _call_faults(name, node))
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from _unnoted_sends(node)
            case _:
                pass


def _call_faults(name: str, call: ast.Call) -> Iterator[str]:
    called, on = _called(call.func)
    keywords = {keyword.arg for keyword in call.keywords}
    ours = name == "hub.client" and on == ""
    if called in OPENERS and not ours and name not in OPENERS[called]:
        yield f"opens a connection by {called}"
    if called in LED and name.startswith("backends.") and not {None, "http_client"} & keywords:
        yield f"makes {called} without the options of a door"
    if called in NOTED and not on and len(call.args) < NOTED[called] and "log" not in keywords:
        yield f"{called} is not told where to note"
    if called == "Network" and name not in BARE:
        yield "makes a network without a list"
    if called in {"get_json", "resolve", "stream", "replied"} and (
        "client" in on or called in {"get_json", "replied"}
    ):
        is_of_hub = name.startswith("hub.") or name == "services.sources"
        if is_of_hub and "why" not in keywords:
            yield f"{called} without a reason"


def _called(function: ast.expr) -> tuple[str, str]:
    """Return what is called, and the text of what it is called on."""
    match function:
        case ast.Attribute(value=value, attr=name):
            return name, ast.unparse(value)
        case ast.Name(id=name):
            return name, ""
        case _:
            return "", ""


def _unnoted_sends(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[int, str]]:
    """Yield requests of an HTTP client that leave before they are noted."""
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    begun = [call.lineno for call in calls if _called(call.func) == ("begin", "visit")]
    for call in calls:
        if _called(call.func) in {("send", "client"), ("send", "self._inner")} and not any(
            line < call.lineno for line in begun
        ):
            yield call.lineno, "sends what is not noted"


def _program() -> dict[str, str]:
    return {
        ".".join(path.relative_to(_PACKAGE).with_suffix("").parts): path.read_text("utf-8")
        for path in sorted(_PACKAGE.rglob("*.py"))
    }


def test_nothing_connects_but_through_the_doors() -> None:
    program = _program()

    assert "client.send(" in program["hub.client"]
    assert "self._inner.send(" in program["hub.server_http"]
    assert faults(program) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("services.news", "def f():\n    import httpx\n    httpx.Client()"),
        ("hub.asking", "def f():\n    import httpx\n    httpx.AsyncClient()"),
        ("services.news", "from urllib.request import urlopen\nurlopen('x')"),
        ("base.display2", "import socket\nsocket.create_connection(('a', 1))"),
        ("backends.openai", "import openai\nopenai.AsyncOpenAI(api_key='-')"),
        ("backends.other", "from openai import OpenAI\nOpenAI()"),
        ("ui.window", "from PySide6.QtNetwork import QNetworkAccessManager"),
        ("ui.window", "from PySide6 import QtNetwork"),
        ("ui.window", "import webbrowser"),
        ("system.news", "import subprocess\nsubprocess.run(['wget', 'x'])"),
        ("services.news", "network_of(settings, environment, token=t)"),
        ("services.news", "Sources(settings, token, cache, environment, offline)"),
        ("cli_news", "Connections(settings, change, secrets, environment)"),
        ("services.news", "Network()"),
        ("hub.asking", "self._client.get_json(url)"),
        ("hub.fetch", "replied(self._client, url, 0)"),
        ("services.sources", "client.resolve(url, kind)"),
        ("hub.client", "def f(client, visit):\n    client.send(1)\n    visit.begin()"),
    ],
)
def test_what_passes_the_doors_by_is_found(module: str, source: str) -> None:
    assert faults({module: source})
