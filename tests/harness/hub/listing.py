"""What the fake hub lists, as huggingface.co does: search, repositories, trees in pages, refs."""

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tests.harness.http_listener import Answer
from tests.harness.hub.faults import refusal
from tests.harness.hub.repositories import HubFile, HubRepository
from tests.harness.hub.resolving import refused_to

if TYPE_CHECKING:
    from tests.harness.hub.server import HubRequest, HubServer

_REPOSITORY = re.compile(r"/api/models/(?P<name>[^/]+/[^/]+)(?P<rest>/.*)?")
_JSON = {"Content-Type": "application/json; charset=utf-8"}


def answer(world: "HubServer", request: "HubRequest") -> Answer | None:
    """Return the answer to a request of the API, None where there is none (404)."""
    asked = _REPOSITORY.fullmatch(request.path)
    if asked is None and request.path != "/api/models":
        return None
    wrong = world.faults.take_api()
    if wrong is not None:
        return wrong
    if asked is None:
        return _search(world, request)
    name, rest = asked["name"], asked["rest"] or ""
    if name in world.faults.renamed:
        place = f"/api/models/{world.faults.renamed[name]}{rest}"
        query = f"?{urlencode(request.query)}" if request.query else ""
        return Answer(307, b"", {"Location": place + query})
    repository = world.repository(name)
    # What is gated can be listed by anybody; what is private cannot.
    if repository is None or repository.private:
        refused = refused_to(repository, request.token)
        if refused is not None:
            return refused
    assert repository is not None
    return _of_repository(world, request, repository, rest)


def _of_repository(
    world: "HubServer", request: "HubRequest", repository: HubRepository, rest: str
) -> Answer | None:
    what, _, revision = rest.strip("/").partition("/")
    if revision and revision not in {"main", repository.commit}:
        return refusal(404, "RevisionNotFound", f"Invalid rev id: {revision}")
    match what:
        case "" | "revision":
            return _json(_told(repository) | {"siblings": _siblings(repository)})
        case "tree":
            rows = [_row(file) for file in repository.files]
            return _page(world, request, rows, world.faults.rows_a_page)
        case "refs":
            branch = {
                "name": "main",
                "ref": "refs/heads/main",
                "targetCommit": repository.commit,
            }
            return _json({"branches": [branch], "tags": [], "converts": []})
        case _:
            return None


def _search(world: "HubServer", request: "HubRequest") -> Answer:
    words = request.query.get("search", "").casefold().split()
    wanted = request.query.get("filter", "")
    found = [
        repository
        for repository in world.repositories
        if not repository.private
        and all(word in repository.name.casefold() for word in words)
        and (not wanted or wanted in repository.tags)
    ]
    found.sort(key=lambda repository: -repository.downloads)
    limit = int(request.query.get("limit", "30"))
    return _page(world, request, [_told(repository) for repository in found], limit)


def _page(world: "HubServer", request: "HubRequest", rows: Sequence[object], size: int) -> Answer:
    """Return one page, and where the next one is."""
    start = int(request.query.get("cursor") or 0)
    headers = dict(_JSON)
    if start + size < len(rows):
        base = world.faults.link_base or world.endpoint
        query = urlencode({**request.query, "cursor": str(start + size)})
        headers["Link"] = f'<{base}{request.path}?{query}>; rel="next"'
    return Answer(200, json.dumps(rows[start : start + size]).encode(), headers)


def _told(repository: HubRepository) -> dict[str, object]:
    return {
        "_id": "64b1",
        "id": repository.name,
        "modelId": repository.name,
        "author": repository.name.partition("/")[0],
        "sha": repository.commit,
        "lastModified": repository.updated,
        "private": repository.private,
        "gated": repository.gate or False,
        "disabled": False,
        "downloads": repository.downloads,
        "likes": repository.likes,
        "tags": [*repository.tags, f"license:{repository.licence}"],
        "cardData": {"license": repository.licence},
        "gguf": {
            "total": repository.parameters,
            "architecture": repository.architecture,
            "context_length": repository.context_length,
            "chat_template": "{{ messages }}",
        },
    } | repository.extra


def _siblings(repository: HubRepository) -> list[dict[str, str]]:
    return [{"rfilename": file.path} for file in repository.files]


def _row(file: HubFile) -> dict[str, object]:
    row: dict[str, object] = {
        "type": "file",
        "oid": "5f1c9d4f6a0cc2c2e4c8f80a1a1fd7f9a1b2c3d4",
        "size": file.size,
        "path": file.path,
    }
    if file.lfs:
        row["lfs"] = {"oid": file.sha256, "size": file.size, "pointerSize": 135}
        row["xetHash"] = file.sha256[::-1]
    return row


def _json(value: object) -> Answer:
    return Answer(200, json.dumps(value).encode(), _JSON)
