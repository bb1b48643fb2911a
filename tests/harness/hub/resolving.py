"""The hub's own part in handing out a file: the redirect to a signed address, or the refusal."""

import hashlib
import re
from typing import TYPE_CHECKING

from tests.harness.http_listener import Answer
from tests.harness.hub.faults import refusal
from tests.harness.hub.repositories import HubFile, HubRepository

if TYPE_CHECKING:
    from tests.harness.hub.server import HubRequest, HubServer

_PATH = re.compile(r"/(?P<name>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)")


def answer(world: "HubServer", request: "HubRequest") -> Answer | None:
    """Return what the hub says to `/{repository}/resolve/{revision}/{path}`, None for other paths."""
    asked = _PATH.fullmatch(request.path)
    if asked is None:
        return None
    faults = world.faults
    wrong = faults.take_hub()
    if wrong is not None:
        return wrong
    if faults.endless_redirects:
        return Answer(faults.redirect_status, b"", {"Location": f"{request.path}?again"})
    if asked["name"] in faults.renamed:
        place = f"/{faults.renamed[asked['name']]}/resolve/{asked['revision']}/{asked['path']}"
        return Answer(307, b"", {"Location": place})
    if faults.redirect:
        return Answer(faults.redirect_status, b"", {"Location": faults.redirect})
    repository = world.repository(asked["name"])
    refused = refused_to(repository, request.token)
    if refused is not None or repository is None:
        return refused
    if asked["revision"] not in {"main", repository.commit}:
        return refusal(404, "RevisionNotFound", f"Invalid rev id: {asked['revision']}")
    file = repository.file(asked["path"])
    if file is None:
        return refusal(404, "EntryNotFound", "Entry not found")
    return _found(world, repository, file)


def refused_to(repository: HubRepository | None, token: str) -> Answer | None:
    """Return how the hub refuses a repository to the owner of `token`, None if it does not."""
    if repository is None or (repository.private and token not in repository.accepted):
        if token:
            return refusal(404, "RepoNotFound", "Repository not found")
        return refusal(401, "RepoNotFound", "Invalid username or password.")
    if not repository.gate or token in repository.accepted:
        return None
    return refusal(
        403 if token else 401,
        "GatedRepo",
        f"Access to model {repository.name} is restricted. You must have access to it and be"
        " authenticated to access it.",
    )


def _found(world: "HubServer", repository: HubRepository, file: HubFile) -> Answer:
    headers = {} if world.faults.omit_commit else {"X-Repo-Commit": repository.commit}
    if not file.lfs:
        content = file.content
        # Git's own name for it: no checksum of the content alone.
        blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False)
        return Answer(200, content, {**headers, "ETag": f'"{blob.hexdigest()}"'})
    if not world.faults.omit_linked:
        headers |= {
            "X-Linked-Etag": f'"{file.sha256}"',
            "X-Linked-Size": str(file.size),
            "ETag": f'"{file.sha256}"',
            "X-Xet-Hash": file.sha256[::-1],
        }
    headers["Location"] = world.sign(file)
    return Answer(world.faults.redirect_status, b"Found", headers)
