"""What the fake ModelScope lists and hands out, as modelscope.cn does.

`HEAD` is refused, a small file ignores ranges, an LFS file is redirected to the CDN.
"""

import json
import re
from typing import TYPE_CHECKING

from tests.harness.http_listener import Answer
from tests.harness.hub.repositories import HubRepository

if TYPE_CHECKING:
    from tests.harness.hub.server import HubRequest, HubServer

_FILES = re.compile(r"/api/v1/models/(?P<name>[^/]+/[^/]+)/repo/files")
_BYTES = re.compile(r"/api/v1/models/(?P<name>[^/]+/[^/]+)/repo")
_RESOLVE = re.compile(r"/models/(?P<name>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)")
_ABOUT = re.compile(r"/openapi/v1/models/(?P<name>[^/]+/[^/]+)")
_JSON = {"Content-Type": "application/json; charset=utf-8"}


def answer(world: "HubServer", request: "HubRequest") -> Answer | None:
    """Return the answer to a request of the API, None where there is none (404)."""
    if request.method == "HEAD":
        return Answer(405, b"", {"Allow": "GET"})
    resolved = _RESOLVE.fullmatch(request.path)
    if resolved is not None:
        return _bytes(world, resolved["name"], resolved["revision"], resolved["path"])
    fetched = _BYTES.fullmatch(request.path)
    if fetched is not None:
        query = request.query
        revision = query.get("Revision", "master")
        return _bytes(world, fetched["name"], revision, query.get("FilePath", ""))
    wrong = world.faults.take_api()
    if wrong is not None:
        return wrong
    if request.path == "/openapi/v1/models":
        return _search(world, request)
    about = _ABOUT.fullmatch(request.path)
    if about is not None:
        found = _visible(world, about["name"])
        return _missing() if found is None else _json({"success": True, "data": _told(found)})
    listed = _FILES.fullmatch(request.path)
    return None if listed is None else _files(world, request, listed["name"])


def _files(world: "HubServer", request: "HubRequest", name: str) -> Answer:
    repository = _visible(world, name)
    if repository is None or request.query.get("Revision", "master") != "master":
        return _missing()
    rows: list[object] = [
        {
            "Name": file.path.rsplit("/", 1)[-1],
            "Path": file.path,
            "Type": "blob",
            "Size": file.size,
            "Sha256": file.sha256,
            "IsLFS": file.lfs,
            "Revision": repository.commit,
        }
        for file in repository.files
    ]
    rows.append({"Name": "imgs", "Path": "imgs", "Type": "tree", "Size": 0, "Sha256": ""})
    data = {"Files": rows[:3000], "IsVisual": 0, "LatestCommitter": {"Id": repository.commit}}
    return _json({"Code": 200, "Data": data, "Message": "success", "Success": True})


def _bytes(world: "HubServer", name: str, revision: str, path: str) -> Answer:
    wrong = world.faults.take_hub()
    if wrong is not None:
        return wrong
    repository = _visible(world, name)
    file = repository.file(path) if repository is not None and revision == "master" else None
    if file is None:
        return _missing()
    if not file.lfs:
        return Answer(200, file.content, {"Content-Type": "application/octet-stream"})
    headers = {"Location": world.sign(file), "X-Linked-ETag": f'"{file.sha256}"'}
    return Answer(302, b"", headers)


def _search(world: "HubServer", request: "HubRequest") -> Answer:
    words = request.query.get("search", "").casefold().split()
    size, page = int(request.query.get("page_size", "10")), int(request.query["page_number"])
    if size > 50:
        return Answer(400, b'{"success": false}', _JSON)
    found = [
        repository
        for repository in world.repositories
        if not repository.private and all(word in repository.name.casefold() for word in words)
    ]
    found.sort(key=lambda repository: -repository.downloads)
    rows = [_told(repository) for repository in found[(page - 1) * size : page * size]]
    data = {"models": rows, "total_count": len(found), "page_number": page, "page_size": size}
    return _json({"success": True, "data": data})


def _visible(world: "HubServer", name: str) -> HubRepository | None:
    repository = world.repository(name)
    return None if repository is None or repository.private else repository


def _told(repository: HubRepository) -> dict[str, object]:
    return {
        "id": repository.name,
        "display_name": repository.name.partition("/")[2],
        "downloads": repository.downloads,
        "likes": repository.likes,
        "license": repository.licence,
        "last_modified": repository.updated,
        "params": repository.parameters,
        "tags": ["library:gguf"],
        "private": False,
        "gated": bool(repository.gate),
    }


def _missing() -> Answer:
    told = {"Code": 10010205001, "Message": "record not found", "Success": False}
    return Answer(404, json.dumps(told).encode(), _JSON)


def _json(value: object) -> Answer:
    return Answer(200, json.dumps(value).encode(), _JSON)
