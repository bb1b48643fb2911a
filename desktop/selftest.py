"""Whether everything that was packed does its work: `lapis --selftest`, `--selftest-engine`.

For whoever makes packages, in every form of Lapis; people never see it. Nothing of theirs is
touched: all happens in temporary folders. One line for each check, "ok name", perhaps with what was
found, or "failed name: reason"; in English, as programs read them. Main thread.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Final

from desktop.base.paths import paths_under, resources
from desktop.frozen import CHILDREN, repair
from desktop.selftest_engine import ENGINE, Check, CheckFailed
from desktop.selftest_imports import libraries, own_modules
from desktop.system.own_command import lapis_words

__all__ = ["check_engine", "check_program"]

_LONGEST: Final = 300
_RESOURCES: Final = (
    *("api/page.html", "api/words.zh_CN.json", "emoji.json", "engine_packs.json"),
    *("graphics_cards.json", "guide/guide.gguf", "icons/lapis.svg", "quantisations.json"),
    *("distribution.json", "locale/zh_CN/LC_MESSAGES/lapis.mo"),
)
_PAGE: Final = b"""%PDF-1.4
1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj
2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj
3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 5 0 R/Resources<</Font<</F 4 0 R>>>>>>
endobj
4 0 obj <</Type/Font/Subtype/Type1/BaseFont/Helvetica>> endobj
5 0 obj <</Length 35>> stream
BT /F 12 Tf 10 50 Td (Hello) Tj ET
endstream endobj
trailer <</Root 1 0 R>>
"""


def check_program() -> int:
    """Check all but the engine; return the exit code: 0, or 1 if anything failed."""
    imports = {f"import {name}": partial(_import, name) for name in libraries()}
    return _run({**imports, **_PROGRAM})


def check_engine() -> int:
    """Check the engine with the guide, which any computer can load; return the exit code."""
    return _run(ENGINE)


def _run(checks: Mapping[str, Check]) -> int:
    code = 0
    for name, check in checks.items():
        with tempfile.TemporaryDirectory(
            prefix="lapis-selftest-", ignore_cleanup_errors=True
        ) as folder:
            try:
                said = check(Path(folder))
                line = f"ok {name}: {said}" if said else f"ok {name}"
            except Exception as error:  # noqa: BLE001 - any at all is what is looked for
                line = f"failed {name}: {type(error).__name__} {error}"
                code = 1
        sys.stdout.write(" ".join(line.split())[:_LONGEST] + "\n")
        sys.stdout.flush()
    return code


def _import(name: str, _folder: Path) -> str:
    import_module(name)
    return ""


def _own_modules(_folder: Path) -> str:
    names = own_modules()
    missing = {target.partition(":")[0] for target in CHILDREN}.difference(names)
    if missing:
        raise CheckFailed(" ".join(sorted(missing)))
    for name in names:
        import_module(name)
    return str(len(names))


def _resources(_folder: Path) -> str:
    from desktop.config.distribution import read_distribution
    from desktop.models.catalogue import load_catalogue

    missing = [name for name in _RESOURCES if not (resources() / name).is_file()]
    if getattr(sys, "frozen", False) and not any((resources() / "licences").glob("*")):
        missing.append("licences")
    if missing:
        raise CheckFailed(", ".join(missing))
    load_catalogue()
    return read_distribution().kind


def _words(_folder: Path) -> str:
    """Read the built-in texts in both languages."""
    from desktop.base.translation import Translator
    from desktop.config.help_texts import read_pages
    from desktop.domain.settings import Language
    from desktop.services.personas import built_in_personas
    from desktop.services.prompts import built_in_prompts
    from desktop.services.quick_actions import built_in_actions

    for language in (Language.ENGLISH, Language.CHINESE):
        for listed in (built_in_actions, built_in_personas, built_in_prompts, read_pages):
            if not listed(language):
                raise CheckFailed(listed.__name__)
    translated = Translator(Language.CHINESE, resources() / "locale").say("Settings")
    if translated == "Settings":
        raise CheckFailed("not translated")
    return translated


def _keyrings(_folder: Path) -> str:
    from desktop.config.secrets import packed_keyrings

    found = packed_keyrings()
    if not found:
        raise CheckFailed("none came with this Lapis")
    return " ".join(name.rpartition(".")[2] for name in found)


def _certificates(_folder: Path) -> str:
    from desktop.hub.network import Network, trusted_certificates

    count = trusted_certificates(Network()).cert_store_stats()["x509_ca"]
    if not count:
        raise CheckFailed("nobody is trusted")
    return str(count)


def _chats(folder: Path) -> str:
    """Find a message again, by an index of words (FTS5)."""
    from desktop.domain.chat import Role
    from desktop.store.chats import ChatStore

    with contextlib.closing(ChatStore.open(folder / "lapis.db")) as store:
        chat = store.create()
        store.add(chat.id, None, Role.USER, "a needle in a haystack")
        if not store.search("needle"):
            raise CheckFailed("a message was not found")
    return ""


def _api_files(_folder: Path) -> str:
    from desktop.api.docs import served_files

    missing = [path.name for path in served_files() if not path.is_file()]
    if missing:
        raise CheckFailed(", ".join(missing))
    return ""


def _typesetting(_folder: Path) -> str:
    """Have code coloured and a formula drawn, in a process of its own."""
    from desktop.ui.typeset_messages import Colour, Coloured, Draw, Drawn
    from desktop.ui.typeset_process import TypesetProcess

    with contextlib.closing(TypesetProcess()) as process:
        coloured = process.ask(Colour(code="def f(): return 1", language="python"))
        drawn = process.ask(Draw(tex=r"\frac{1}{2}", size=16, display=True))
    if not (isinstance(coloured, Coloured) and isinstance(drawn, Drawn)):
        raise CheckFailed(f"{type(coloured).__name__}, {type(drawn).__name__}")
    return ""


def _document(folder: Path) -> str:
    """Have a page read, in a process of its own; what of a PDF is left out here can be found anew."""
    from desktop.services.documents import read_document

    path = folder / "page.pdf"
    path.write_bytes(_PAGE)
    found = read_document(path)
    if found is None or found.text != "[page 1]\nHello":
        raise CheckFailed("another text")
    return ""


def _environment(_folder: Path) -> str:
    """See what a program of others would be given: nothing that is meant for ours alone."""
    if not getattr(sys, "frozen", False):
        return "not frozen"
    shell = [os.environ["COMSPEC"], "/c", "set"] if sys.platform == "win32" else ["/usr/bin/env"]
    said = subprocess.run(shell, capture_output=True, text=True, errors="replace", check=True)
    given = dict(line.split("=", 1) for line in said.stdout.splitlines() if "=" in line)
    place = str(getattr(sys, "_MEIPASS", ""))
    repaired = dict(given)
    repair(repaired, (place,))
    left = {name for name in given if repaired.get(name) != given[name] or place in given[name]}
    if left:
        raise CheckFailed(" ".join(sorted(left)))
    return ""


def _again(folder: Path) -> str:
    """Start Lapis out of Lapis, as from a terminal that it has opened; ctypes needs a library."""
    words = [*lapis_words(), "--data-dir", str(folder), "hardware", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode or not json.loads(done.stdout):
        raise CheckFailed(done.stderr or f"exit code {done.returncode}")
    return ""


def _window(folder: Path) -> str:
    from desktop.ui.selftest_window import paint_window

    return paint_window(paths_under(folder))


_PROGRAM: Final[Mapping[str, Check]] = {
    "modules of Lapis": _own_modules,
    "resources": _resources,
    "words": _words,
    "keyrings": _keyrings,
    "certificates": _certificates,
    "chats": _chats,
    "documentation of the API": _api_files,
    "code and formulas": _typesetting,
    "a document": _document,
    "environment": _environment,
    "Lapis out of Lapis": _again,
    "window": _window,
}
