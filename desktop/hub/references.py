"""What people type or paste to name a model: names, page addresses, copied commands. Pure.

The forms are those of huggingface.co, hf.co (as llama.cpp and Ollama write it), hf-mirror.com,
modelscope.cn and modelscope.ai, and of hubs that the settings know.
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from desktop.domain.errors import BadReference
from desktop.domain.repository import Reference, SourceKind
from desktop.domain.text import Text
from desktop.hub.file_names import is_gguf, local_name
from desktop.hub.network import HUB_HOSTS, shown_address

_MOST_TEXT: Final = 2000
_MOST_PART: Final = 96
_PART: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?")
_TAG: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9])?")
_REVISION: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_./-]{0,98}[A-Za-z0-9])?")
# What the pages of hubs offer to copy, and people then paste.
_COMMAND: Final = re.compile(
    r"(?:ollama (?:run|pull)|llama(?:-cli|-server| cli| serve) -hf|lms get"
    r"|docker model (?:run|pull)|lapis models (?:pull|files)|(?:hf|huggingface-cli) download"
    r"|git clone) +(?P<name>\S+)"
)
_OLLAMA: Final = re.compile(
    r"ollama\b.*|(?:https?://)?(?:www\.|registry\.)?ollama\.(?:com|ai)(?:[/:].*)?"
    r"|[a-z][a-z0-9._-]*:[a-z0-9._-]+",
    re.IGNORECASE,
)
_MIRROR_HOSTS: Final = frozenset({"hf-mirror.com", "www.hf-mirror.com"})
_MODELSCOPE_HOSTS: Final = frozenset(
    {"modelscope.cn", "www.modelscope.cn", "modelscope.ai", "www.modelscope.ai"}
)
# First parts of paths on hubs that lead to anything but a model.
_NOT_MODELS: Final = frozenset(
    {
        *("api", "blog", "chat", "collections", "datasets", "docs", "enterprise", "events"),
        *("join", "learn", "login", "models", "new", "organizations", "papers", "posts"),
        *("pricing", "search", "settings", "spaces", "tasks"),
    }
)
_FILE_PAGES: Final = frozenset({"blob", "resolve", "raw", "tree"})


def parse_reference(text: str, known: Mapping[str, SourceKind] | None = None) -> Reference:
    """Return what `text` names; raises BadReference, which says how it should be written.

    `known` are base addresses of hubs besides the public ones (a mirror of the settings), each
    with the source that asks it.
    """
    wanted = text.strip()
    if not wanted or len(wanted) > _MOST_TEXT or not wanted.isprintable():
        raise _unreadable(wanted)
    command = _COMMAND.fullmatch(wanted)
    if command is not None:
        if wanted.startswith("ollama ") and "/" not in command["name"]:
            raise _of_ollama(command["name"])
        wanted = command["name"]
    wanted = wanted.strip("<>\"'")
    for base, kind in (known or {}).items():
        if wanted == base or wanted.startswith(f"{base}/"):
            return _of_page(urlsplit(wanted[len(base) :]), kind, wanted)
    address = _address(wanted)
    if address is not None:
        return _of_address(address, wanted)
    return _of_name(wanted)


def looks_like_reference(text: str, known: Mapping[str, SourceKind] | None = None) -> bool:
    """Return whether `text` names or links to something rather than being words to search for."""
    wanted = text.strip()
    if "://" in wanted or _COMMAND.fullmatch(wanted):
        return True
    try:
        parse_reference(wanted, known)
    except BadReference:
        return False
    return True


def _address(text: str) -> SplitResult | None:
    """Return the parts of a link, also of one without `https://`; None for a name."""
    if text.startswith("hf://"):
        text = f"https://hf.co/{text.removeprefix('hf://').removeprefix('models/')}"
    host = text.partition("/")[0].lower()
    if host in HUB_HOSTS | _MIRROR_HOSTS | _MODELSCOPE_HOSTS or host.startswith("ollama."):
        text = f"https://{text}"
    if "://" not in text:
        return None
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - it is checked when it is asked for
    except ValueError as error:
        raise _unreadable(text) from error
    return parts


def _of_address(parts: SplitResult, text: str) -> Reference:
    host = (parts.hostname or "").lower()
    if parts.scheme not in {"http", "https"} or parts.username is not None or " " in text:
        raise _unreadable(text)
    if host in _MODELSCOPE_HOSTS:
        return _of_modelscope(parts, text)
    if host in HUB_HOSTS:
        return _of_page(parts, SourceKind.HUGGING_FACE, text)
    if host in _MIRROR_HOSTS:
        return _of_page(parts, SourceKind.MIRROR, text)
    if _OLLAMA.fullmatch(text):
        raise _of_ollama(text)
    raise BadReference(
        Text("Lapis does not get models from {host}", {"host": shown_address(host)}),
        Text("Paste a page of Hugging Face or ModelScope. Another hub can be set as the mirror."),
    )


def _of_page(parts: SplitResult, kind: SourceKind, text: str) -> Reference:
    """Return what a page of a hub is about: `/owner/name[:tag][/blob/revision/file]`."""
    segments = _segments(parts.path)
    if segments[:2] == ["api", "models"]:
        segments = segments[2:]
    if len(segments) < 2 or segments[0].lower() in _NOT_MODELS:
        raise _no_model_page(text)
    name, _, tag = segments[1].partition(":")
    repository = f"{segments[0]}/{name.removesuffix('.git')}"
    revision = file = ""
    if len(segments) > 3 and segments[2] in _FILE_PAGES:
        rest = segments[3:]
        # A branch of a discussion has slashes of its own: refs/pr/1.
        taken = 3 if rest[0] == "refs" and len(rest) >= 3 else 1
        revision, file = "/".join(rest[:taken]), "/".join(rest[taken:])
    shown = parse_qs(parts.query).get("show_file_info", [""])[0]
    return _checked(text, repository, kind, tag, file or shown, revision)


def _of_modelscope(parts: SplitResult, text: str) -> Reference:
    """Return what a page of ModelScope is about: `/models/owner/name[/file/view/master/file]`."""
    segments, query = _segments(parts.path), parse_qs(parts.query)
    if segments[:2] == ["api", "v1"]:
        segments = segments[2:]
    if len(segments) < 3 or segments[0] != "models":
        raise _no_model_page(text)
    name, _, tag = segments[2].partition(":")
    rest = segments[3:]
    revision = file = ""
    if rest[:2] == ["file", "view"]:
        revision, file = "/".join(rest[2:3]), "/".join(rest[3:])
    elif rest and rest[0] in _FILE_PAGES:
        revision, file = "/".join(rest[1:2]), "/".join(rest[2:])
    for key in ("fileName", "FilePath"):
        file = file or query.get(key, [""])[0]
    revision = revision or query.get("Revision", [""])[0]
    repository = f"{segments[1]}/{name.removesuffix('.git')}"
    return _checked(text, repository, SourceKind.MODELSCOPE, tag, file, revision)


def _of_name(text: str) -> Reference:
    """Return what `owner/name`, `owner/name:tag` or `owner/name/file.gguf` names."""
    owner, _, rest = text.partition("/")
    name, slash, file = rest.partition("/")
    tag = ""
    if not slash:
        name, _, tag = rest.partition(":")
    if not rest:
        raise _of_ollama(text) if _OLLAMA.fullmatch(text) else _unreadable(text)
    if slash and not is_gguf(file):
        raise _unreadable(text)
    return _checked(text, f"{owner}/{name}", None, tag, file, "")


def _checked(
    text: str, repository: str, kind: SourceKind | None, tag: str, file: str, revision: str
) -> Reference:
    parts = repository.split("/")
    for part in parts:
        if len(part) > _MOST_PART or not _PART.fullmatch(part) or ".." in part:
            raise _unreadable(text)
    if tag and not _TAG.fullmatch(tag):
        raise BadReference(
            Text("{name} is not the name of a quantisation", {"name": shown_address(tag)}),
            Text("Write it as in {example}.", {"example": f"{repository}:Q4_K_M"}),
        )
    if (revision and not _REVISION.fullmatch(revision)) or ".." in revision:
        raise _unreadable(text)
    if file:
        local_name(file)
    # `latest` is what others write for "no matter which"; pages of other files are of the model.
    return Reference(
        repository,
        kind,
        "" if tag.lower() == "latest" else tag,
        file if is_gguf(file) else "",
        "" if revision in {"main", "master"} else revision,
    )


def _segments(path: str) -> list[str]:
    return [part for each in path.split("/") if each for part in unquote(each).split("/")]


def _unreadable(text: str) -> BadReference:
    return BadReference(
        Text("{text} names no model", {"text": shown_address(text)})
        if text
        else Text("No model was named"),
        Text("Write owner/name, as in unsloth/Qwen3-8B-GGUF, or paste the address of its page."),
    )


def _no_model_page(text: str) -> BadReference:
    return BadReference(
        Text("{address} is not the page of a model", {"address": shown_address(text)}),
        Text("Open the page of the model itself, and paste its address: it ends in owner/name."),
    )


def _of_ollama(text: str) -> BadReference:
    return BadReference(
        Text("{text} is a name of Ollama's own library", {"text": shown_address(text)}),
        Text("Lapis gets models from Hugging Face and ModelScope: search for the name there."),
    )
