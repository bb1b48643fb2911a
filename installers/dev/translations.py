"""`make translations`: the words of the program into `resources/locale`, for gettext.

Runs from the environment that set-up made (Babel). A string is a word of the program when it is
the literal first argument of `tr`, `say` or `Text`. The files hold no dates, line numbers or facts
of a machine, so that they change only when words do.
"""

import ast
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from installers.dev.console import say, step
from installers.dev.places import ROOT

LANGUAGES = ("zh_CN",)
_DOMAIN = "lapis"
_MARKERS = frozenset({"tr", "say", "Text"})
_SOURCES = ROOT / "desktop"
_LOCALE = ROOT / "resources" / "locale"
_KEPT_HEADERS = frozenset({"Language", "Plural-Forms", "Content-Type", "MIME-Version"})


@dataclass(frozen=True, slots=True)
class Found:
    """A string of the program and the file it stands in, relative to the checkout."""

    text: str
    file: str


class _StableCatalog(Catalog):
    """A catalogue whose header says nothing about when and where it was made."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        headers = super().mime_headers
        kept = [(name, value) for name, value in headers if name in _KEPT_HEADERS]
        return [*kept, ("Content-Transfer-Encoding", "8bit")]


def template_path() -> Path:
    """Return where the list of all strings lies."""
    return _LOCALE / f"{_DOMAIN}.pot"


def catalogue_path(language: str) -> Path:
    """Return where the translations into `language` lie; the compiled ones are beside it."""
    return _LOCALE / language / "LC_MESSAGES" / f"{_DOMAIN}.po"


def update() -> None:
    """Extract all strings, bring every catalogue up to date with them, and compile it."""
    with step("Extracting the words"):
        template = template_from_sources()
        template_path().parent.mkdir(parents=True, exist_ok=True)
        template_path().write_bytes(written(template))
    for language in LANGUAGES:
        path = catalogue_path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        catalogue = _updated(template, read_catalogue(path, language), language)
        path.write_bytes(written(catalogue))
        path.with_suffix(".mo").write_bytes(compiled(catalogue))
        missing = sum(not message.string or message.fuzzy for message in entries(catalogue))
        say(f"  {language}: {len(catalogue)} strings, {missing} to translate")


def extract(folder: Path, root: Path) -> Iterator[Found]:
    """Yield the strings of all Python files under `folder`, file by file in order."""
    for path in sorted(folder.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
            text = _literal(call)
            if text:
                yield Found(text, path.relative_to(root).as_posix())


def template_from_sources() -> Catalog:
    """Return all strings of the program as they stand in its sources now."""
    template = _catalogue(None)
    for found in extract(_SOURCES, ROOT):
        template.add(found.text, locations=[(found.file, 0)])
    return template


def read_catalogue(path: Path, language: str) -> Catalog:
    """Return the translations that `path` holds; none when it is not there."""
    if not path.is_file():
        return _catalogue(language)
    with path.open("rb") as stream:
        return read_po(stream, locale=language, domain=_DOMAIN, abort_invalid=True)


def written(catalogue: Catalog) -> bytes:
    """Return the text of a `.po` or `.pot` file."""
    stream = io.BytesIO()
    write_po(stream, catalogue, width=100, include_lineno=False, ignore_obsolete=True)
    return stream.getvalue()


def compiled(catalogue: Catalog) -> bytes:
    """Return the `.mo` file of a catalogue."""
    stable = _catalogue(catalogue.locale_identifier)
    for message in entries(catalogue):
        stable.add(message.id, message.string, flags=message.flags)
    stream = io.BytesIO()
    write_mo(stream, stable)
    return stream.getvalue()


def entries(catalogue: Catalog) -> list[Message]:
    """Return the messages of a catalogue without its header."""
    return [message for message in catalogue if message.id]


def _updated(template: Catalog, known: Catalog, language: str) -> Catalog:
    """Return the strings of `template` in their order, with the translations that are known."""
    catalogue = _catalogue(language)
    for message in entries(template):
        old = known.get(message.id)
        catalogue.add(
            message.id,
            old.string if old is not None else "",
            locations=message.locations,
            flags=old.flags if old is not None else (),
            user_comments=old.user_comments if old is not None else (),
        )
    return catalogue


def _catalogue(language: str | None) -> Catalog:
    comment = "# The words of Lapis. Made by `make translations`."
    return _StableCatalog(locale=language, domain=_DOMAIN, header_comment=comment, fuzzy=False)


def _literal(call: ast.Call) -> str | None:
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name not in _MARKERS or not call.args:
        return None
    argument = call.args[0]
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return argument.value
    return None


if __name__ == "__main__":
    update()
