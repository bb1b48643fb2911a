"""The table of `desktop/README.md`, held against every import of the program.

Imports go downward only; rooms of one storey do not know each other; foreign libraries stay with
the room that owns them.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

_PACKAGE = Path(__file__).resolve().parents[2] / "desktop"

STOREYS: Mapping[str, int] = {
    "domain": 0,
    "base": 1,
    "inference": 2,
    "backends": 3,
    "config": 3,
    "hub": 3,
    "models": 3,
    "store": 3,
    "system": 3,
    "services": 4,
    "api": 5,
    "terminal": 5,
    "ui": 5,
}
# Composition roots: they know everything; only each other may import them.
ROOTS = frozenset(
    {
        *(
            "app",
            "cli",
            "cli_answers",
            "cli_connections",
            "cli_engine",
            "cli_kept",
            "cli_models",
            "serving",
            "__main__",
        ),
        *("frozen", "selftest", "selftest_engine", "selftest_imports"),
    }
)

# Foreign modules and the only places that may import them. Nowhere else, and where the list is
# empty nowhere at all.
OWNERS: Mapping[str, tuple[str, ...]] = {
    "PySide6": ("app", "ui"),
    "shiboken6": ("app", "ui"),
    "llama_cpp": ("inference",),
    "jinja2": ("inference",),
    "numpy": (),
    "sqlite3": ("store",),
    "cryptography": ("hub.update_signature",),
    "keyring": ("config.secrets",),
    "ollama": ("backends.ollama",),
    "openai": ("backends.openai",),
    "httpx": ("hub",),
    # The same under the name that the openai library knows it by.
    "httpx2": ("hub",),
    "fastapi": ("api",),
    "pydantic": ("api",),
    "starlette": ("api",),
    "uvicorn": ("api",),
    "swagger_ui_bundle": ("api",),
    "rich": ("terminal",),
    "typer": ("terminal",),
    "markdown_it": ("ui",),
    "mdit_py_plugins": ("ui",),
    "pygments": ("ui",),
    "latex2mathml": (),
    "ziafont": ("ui.formula_glyphs",),
    "ziamath": ("ui.formula_drawing",),
    "gguf": (),
    "torch": (),
    # Sockets: the running instance, the display's, the desktop's, the one that wakes Qt, those that
    # somebody is to be woken from, and those that are asked whether they still lead anywhere.
    "socket": (
        *("api", "base.display", "hub.lines", "hub.line_watch", "system.front.wayland_wire"),
        *("system.hotkey.portal_bus", "system.instance", "system.network_links"),
        "ui.signal_catcher",
    ),
    "socketserver": ("api",),
    "asyncio": (
        *("api", "backends.openai_line", "backends.server_loop", "backends.server_backend"),
    ),
    "ssl": ("api", "hub"),
    "send2trash": ("system.trash",),
    "enchant": ("system.spelling",),
    "xcffib": ("system.front", "system.hotkey", "system.panel_x11"),
    "jeepney": ("system.bus_calls", "system.hotkey.portal_bus"),
    "http": ("api",),
    "urllib.request": (),
    "requests": (),
    "ftplib": (),
    "smtplib": (),
    "telnetlib": (),
    "xmlrpc": (),
    # What is read back with these can run code.
    "pickle": (),
    "_pickle": (),
    "cloudpickle": (),
    "dill": (),
    "marshal": (),
    "shelve": (),
    "diskcache": (),
    "multiprocessing": (),
}
# Loaded only when they are needed: never by importing one of our modules.
LATE = frozenset(
    {
        *(
            "cryptography",
            "fastapi",
            "httpx",
            "httpx2",
            "pydantic",
            "starlette",
            "uvicorn",
            "send2trash",
            "keyring",
            "enchant",
            "llama_cpp",
            "numpy",
            "ollama",
            "openai",
        ),
        *("latex2mathml", "ziafont", "ziamath"),
    }
)
# Rooms that import the above as they like, because they themselves are imported late.
LATE_ROOMS = frozenset({"api"})
_CHANGING = frozenset(
    {
        *("add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop"),
        *("popitem", "popleft", "remove", "setdefault", "update"),
    }
)


@dataclass(frozen=True, slots=True)
class Import:
    """`module` as written; `late` inside a function; `typed` only for the type checker."""

    module: str
    line: int
    late: bool
    typed: bool


def violations(sources: Mapping[str, str]) -> list[str]:
    """Return what is wrong in `sources`: program text by module name without `desktop.`."""
    return [
        f"{name}:{line}: {fault}"
        for name, source in sources.items()
        for line, fault in _faults(name, ast.parse(source))
    ]


def _faults(name: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    room = name.partition(".")[0]
    if room and room not in STOREYS and room not in ROOTS:
        yield 1, f"room {room} is not in the table"
        return
    for found in _imports(tree):
        if found.module.partition(".")[0] == "desktop":
            fault = _inside(room, found)
        else:
            fault = _outside(name, found)
        if fault:
            yield found.line, fault
    yield from _changed_globals(tree)


def _inside(room: str, found: Import) -> str:
    target = found.module.removeprefix("desktop").removeprefix(".").partition(".")[0]
    if target in {"", "__version__", room}:
        return ""
    if target in LATE_ROOMS and not found.late and not found.typed:
        return f"imports {target} at module level"
    if target in ROOTS:
        return "" if room in ROOTS else f"imports the composition root {target}"
    if target not in STOREYS:
        return f"imports {target}, which is not in the table"
    if not room:
        return f"the package itself imports {target}"
    if room in ROOTS or STOREYS[target] < STOREYS[room]:
        return ""
    return f"{room} imports {target}, which is not below it"


def _outside(name: str, found: Import) -> str:
    room = name.partition(".")[0]
    for owned, owners in OWNERS.items():
        if found.module != owned and not found.module.startswith(f"{owned}."):
            continue
        if not any(name == owner or name.startswith(f"{owner}.") for owner in owners):
            return f"imports {owned}, which belongs to {', '.join(owners) or 'nobody'}"
        if owned in LATE and room not in LATE_ROOMS and not found.late and not found.typed:
            return f"imports {owned} at module level"
    return ""


def _imports(tree: ast.Module) -> Iterator[Import]:
    """Yield every import with the name it brings in, so that `from a import b` is `a.b`."""
    pending: list[tuple[ast.AST, bool, bool]] = [(tree, False, False)]
    while pending:
        node, late, typed = pending.pop()
        match node:
            case ast.Import(names=names, lineno=line):
                yield from (Import(alias.name, line, late, typed) for alias in names)
            case ast.ImportFrom(module=module, names=names, lineno=line, level=level):
                prefix = "." * level + (module or "")
                yield from (Import(f"{prefix}.{n.name}", line, late, typed) for n in names)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                late = True
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                typed = True
            case _:
                pass
        pending += [(child, late, typed) for child in ast.iter_child_nodes(node)]


def _changed_globals(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield where a function changes a container that lives at module level."""
    kept = {
        target.id
        for statement in tree.body
        for target in _targets(statement)
        if isinstance(target, ast.Name)
    }
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    for function in functions:
        local = {arg.arg for arg in ast.walk(function) if isinstance(arg, ast.arg)} | {
            name.id
            for name in ast.walk(function)
            if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
        }
        for node in ast.walk(function):
            changed, line = _changed(node)
            if changed in kept - local:
                yield line, f"changes {changed}, which lives at module level"
            if isinstance(node, ast.Global):
                yield node.lineno, f"global {', '.join(node.names)}"


def _targets(statement: ast.stmt) -> list[ast.expr]:
    match statement:
        case ast.Assign(targets=targets):
            return targets
        case ast.AnnAssign(target=target):
            return [target]
        case _:
            return []


def _changed(node: ast.AST) -> tuple[str, int]:
    """Return the name of the container that `node` changes, and the line; none is empty."""
    match node:
        case ast.Subscript(value=ast.Name(id=name, lineno=line), ctx=ast.Store() | ast.Del()):
            return name, line
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name, lineno=line), attr=attr)) if (
            attr in _CHANGING
        ):
            return name, line
        case _:
            return "", 0


def _program() -> dict[str, str]:
    sources = {}
    for path in sorted(_PACKAGE.rglob("*.py")):
        parts = path.relative_to(_PACKAGE).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        sources[name] = path.read_text(encoding="utf-8")
    return sources


def test_the_program_keeps_to_the_table() -> None:
    program = _program()

    assert {"domain.text", "services.engine", "cli"} <= program.keys()
    assert violations(program) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("domain.chat", "from desktop.base.paths import Paths"),
        ("domain.chat", "import desktop.base.paths"),
        ("store.chats", "from desktop import services"),
        ("ui.window", "from desktop.terminal.ask import ask"),
        ("store.chats", "def f():\n    from desktop.models.gguf import read_gguf"),
        ("services.engine", "from desktop.app import main"),
        ("", "from desktop.domain.text import Text"),
        ("attic.box", "import os"),
        ("base.files", "from desktop.attic import box"),
        ("services.engine", "from PySide6.QtCore import QObject"),
        ("services.engine", "def f():\n    import PySide6"),
        (
            "services.engine",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import PySide6",
        ),
        ("backends.llama", "def f():\n    import llama_cpp"),
        ("inference.runtime", "import llama_cpp.llama_cpp"),
        ("inference.runtime", "class Runtime:\n    from llama_cpp import llama_cpp"),
        ("store.chats", "import pickle"),
        ("base.files", "def f():\n    from marshal import loads"),
        ("services.notes", "from urllib import request"),
        ("ui.window", "import sqlite3"),
        ("config.store", "import keyring"),
        ("cli", "from desktop.api.server import start_server"),
        ("services.engine", "import fastapi"),
        ("base.files", "_kept = []\ndef f():\n    _kept.append(1)"),
        ("base.files", "_KEPT: dict[str, int] = {}\ndef f():\n    _KEPT['a'] = 1"),
        ("base.files", "_n = 0\ndef f():\n    global _n\n    _n = 1"),
    ],
)
def test_what_breaks_the_table_is_found(module: str, source: str) -> None:
    assert violations({module: source})


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("ui.window", "from desktop.services.engine import Engine\nfrom PySide6 import QtCore"),
        ("app", "from desktop.ui import window\nfrom desktop.store import chats\nimport PySide6"),
        ("__main__", "from desktop.cli import main"),
        ("cli", "import desktop\nfrom desktop import __version__"),
        ("inference.bindings", "def f():\n    import llama_cpp"),
        ("api.app", "from fastapi import FastAPI\nimport uvicorn"),
        ("cli", "def f():\n    from desktop.api.server import start_server"),
        ("store.chats", "from desktop.store import migrations\nimport sqlite3"),
        ("base.files", "_TABLE = {'a': 1}\ndef f():\n    out = []\n    out.append(_TABLE['a'])"),
    ],
)
def test_what_keeps_to_the_table_is_left_alone(module: str, source: str) -> None:
    assert violations({module: source}) == []
