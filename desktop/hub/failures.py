"""What a server says when it says no, in words for people. Pure; any thread.

This is about answers that are errors; `transport_failures` about there being none. Codes are
those of the Hugging Face hub (`X-Error-Code`), with the plain meaning of the HTTP status where a
mirror or ModelScope sends none.
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

from desktop.domain.errors import (
    AccessDenied,
    GatedModel,
    LapisError,
    OddAnswer,
    RemoteFileNotFound,
    RepositoryNotFound,
    ServerFault,
    TooManyRequests,
)
from desktop.domain.text import Text
from desktop.hub.headers import seconds_to_wait
from desktop.hub.network import HUGGING_FACE, may_carry_token, shown_address

_PLACES: Final = (
    re.compile(r"/api/v1/models/([^/]+/[^/]+)(?:/|$)"),
    re.compile(r"/api/models/([^/]+/[^/]+)(?:/|$)"),
    re.compile(r"/models/([^/]+/[^/]+)/resolve/"),
    re.compile(r"/([^/]+/[^/]+)/resolve/"),
)
_MODELSCOPE: Final = re.compile(r"/api/v1/models/|/models/[^/]+/[^/]+/resolve/")


def answer_failure(
    url: str,
    status: int,
    headers: Mapping[str, str],
    body: bytes = b"",
    *,
    token_was_shown: bool = False,
) -> LapisError:
    """Return in words what an answer that is no success says about `url`."""
    host, repository = host_of(url), repository_in(url)
    code = headers.get("x-error-code", "")
    if status == 429:
        return _too_many(host, seconds_to_wait(headers))
    if status >= 500:
        return ServerFault(
            Text("{host} has a problem of its own ({status})", {"host": host, "status": status}),
            Text("Try again in a while, or choose another source in the settings."),
        )
    if status == 407:
        return proxy_wants_name()
    if repository and (code == "GatedRepo" or (status in {401, 403} and b"is gated" in body)):
        page = page_of(url, repository)
        return gated(url, repository, page, token_was_shown=token_was_shown)
    if code == "EntryNotFound" or (status in {404, 410} and "/resolve/" in url and not code):
        return _no_file(repository or host)
    if code == "RevisionNotFound":
        return RemoteFileNotFound(
            Text("{name} has no such version", {"name": repository or host}),
            Text("Leave the version out to get the newest one."),
        )
    if status == 401 and token_was_shown and code != "RepoNotFound":
        return AccessDenied(
            Text("{host} does not accept the access token", {"host": host}),
            Text("Make a new one in your account there, and put it into the settings."),
        )
    if repository and (status in {401, 404, 410} or code == "RepoNotFound"):
        return _no_repository(repository, host)
    if status in {401, 403}:
        return AccessDenied(Text("{host} does not hand this out", {"host": host}), other_source())
    return OddAnswer(
        Text("{host} gave an unexpected answer ({status})", {"host": host, "status": status}),
        other_source(),
    )


def gated(url: str, repository: str, page: str, *, token_was_shown: bool = False) -> GatedModel:
    """Return the error of a repository whose terms must be accepted on `page`.

    `url` was, or would be, asked for it: only the hub itself can be shown an account.
    """
    title = Text("The terms of {name} must be accepted first", {"name": repository})
    if not may_carry_token(url):
        hint = Text(
            "Get it from Hugging Face itself, where an account can be shown, or look for a copy by"
            " somebody else."
        )
    elif token_was_shown:
        hint = Text("Accept them on {page}, with the account of your token.", {"page": page})
    else:
        hint = Text(
            "Accept them on {page}, then put an access token of your account into the settings."
            " Or look for a copy by somebody else.",
            {"page": page},
        )
    return GatedModel(title, hint, page)


def odd_answer(url: str) -> OddAnswer:
    """Return the error of an answer in a form that no such server uses."""
    return OddAnswer(
        Text("{host} answers in a way that Lapis does not understand", {"host": host_of(url)}),
        Text(
            "A login page of the network may be in the way: open any page in a browser, then try"
            " again. Or choose another source in the settings."
        ),
    )


def repository_in(url: str) -> str:
    """Return the repository that a request to a hub or to ModelScope is about; may be empty."""
    path = urlsplit(url).path
    found = next((match for place in _PLACES if (match := place.search(path))), None)
    return shown_address(unquote(found[1])) if found else ""


def page_of(url: str, repository: str) -> str:
    """Return the page for people of a repository that `url` asked for.

    A mirror cannot accept terms in anybody's name: its pages are those of the hub.
    """
    parts = urlsplit(url)
    if _MODELSCOPE.search(parts.path):
        return f"{parts.scheme}://{parts.netloc}/models/{repository}"
    return f"{HUGGING_FACE}/{repository}"


def _no_repository(repository: str, host: str) -> RepositoryNotFound:
    return RepositoryNotFound(
        Text("{host} has no repository {name}", {"host": host, "name": repository}),
        Text("Check how it is written. It may also be private, or on another source."),
    )


def _no_file(repository: str) -> RemoteFileNotFound:
    return RemoteFileNotFound(
        Text("{name} does not have this file (any more)", {"name": repository}),
        Text("Look at the list of its files again: it may have been renamed."),
    )


def _too_many(host: str, seconds: float) -> TooManyRequests:
    return TooManyRequests(
        Text("{host} asks us to wait {seconds} s", {"host": host, "seconds": round(seconds)}),
        Text(
            "Too many questions came from your network. Try again after that, or choose another"
            " source."
        ),
        seconds,
    )


def other_source() -> Text:
    """Return the hint that always holds."""
    return Text("Try again in a while, or choose another source in the settings.")


def host_of(url: str) -> str:
    """Return the host of an address, with its port, as people may see it."""
    try:
        parts = urlsplit(url)
        name = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return shown_address(url)
    return shown_address(name + port)


def proxy_wants_name() -> AccessDenied:
    """Return the error of a proxy that lets nobody through without a name (407)."""
    return AccessDenied(
        Text("The proxy wants a name and a password"),
        Text("Write both into its address in the settings: http://name:password@host:port"),
    )
