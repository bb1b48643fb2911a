"""The Hugging Face hub and whatever speaks as it does: search, and the files of a repository.

Routes: `/api/models` (search), `/api/models/{repo}[/revision/{rev}]` (commit, gate, licence),
`/api/models/{repo}/tree/{commit}?recursive=true` (files, 1,000 a page). The commit is pinned
before the files are listed, so that an update in between cannot mix two versions. Any thread.
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from desktop.base.json_values import count, mapping, sequence, short
from desktop.domain.repository import Gate, RemoteFile, Repository, SearchHit, SearchResult, Source
from desktop.hub.asking import Ask
from desktop.hub.failures import odd_answer
from desktop.hub.grouping import grouped
from desktop.hub.headers import commit_in, content_hash
from desktop.hub.listed_values import day, repository_name
from desktop.hub.network import HUGGING_FACE

MOST_HITS: Final = 100
_MOST_PAGES: Final = 20
_EXPANDED: Final = ("gguf", "downloads", "likes", "gated", "lastModified")
_BRANCH: Final = "main"


def search(ask: Ask, source: Source, words: str, limit: int, cursor: str = "") -> SearchResult:
    """Return repositories with GGUF files that match `words`, the most downloaded first.

    `cursor` is that of the result before. Raises NetworkError.
    """
    query = [
        ("search", words),
        ("filter", "gguf"),
        ("sort", "downloads"),
        ("direction", "-1"),
        ("limit", str(max(1, min(limit, MOST_HITS)))),
        *(("expand[]", name) for name in _EXPANDED),
    ]
    if cursor:
        query.append(("cursor", cursor))
    url = f"{source.base}/api/models?{urlencode([pair for pair in query if pair[1]])}"
    answer = ask(url)
    if not isinstance(answer.value, list):
        raise odd_answer(url)
    hits = tuple(hit for row in answer.value if (hit := _hit(source, row)) is not None)
    following = parse_qs(urlsplit(answer.next_page).query).get("cursor", [""])[0]
    return SearchResult(hits, bool(following), following)


def repository(ask: Ask, source: Source, name: str, revision: str = "") -> Repository:
    """Return what is in the repository `name` at a revision, the newest if none is given.

    Raises NetworkError: RepositoryNotFound, GatedModel, RemoteFileNotFound for the revision.
    """
    url = f"{source.base}/api/models/{name}"
    if revision:
        url += f"/revision/{quote(revision, safe='')}"
    told = mapping(ask(url).value)
    if not told:
        raise odd_answer(url)
    # A renamed repository answers under its new name.
    name = repository_name(told.get("id")) or name
    commit = commit_in(short(told.get("sha"))) or revision or _BRANCH
    models, projectors = grouped(_files(ask, source, name, commit))
    return Repository(
        source=source,
        name=name,
        commit=commit,
        gate=_gate(told.get("gated")),
        licence=_licence(told),
        # A mirror has no pages for people; terms are accepted at the hub anyway.
        page=f"{HUGGING_FACE}/{name}",
        models=models,
        projectors=projectors,
    )


def _hit(source: Source, row: object) -> SearchHit | None:
    told = mapping(row)
    name = repository_name(told.get("id")) or repository_name(told.get("modelId"))
    if not name:
        return None
    header = mapping(told.get("gguf"))
    return SearchHit(
        source=source,
        name=name,
        downloads=count(told.get("downloads")),
        likes=count(told.get("likes")),
        gate=_gate(told.get("gated")),
        parameters=count(header.get("total")),
        architecture=short(header.get("architecture")),
        context_length=count(header.get("context_length")),
        updated=day(told.get("lastModified")),
    )


def _files(ask: Ask, source: Source, name: str, commit: str) -> Iterator[RemoteFile]:
    at = quote(commit, safe="")
    url = f"{source.base}/api/models/{name}/tree/{at}?recursive=true"
    for _ in range(_MOST_PAGES):
        answer = ask(url)
        if not isinstance(answer.value, list):
            raise odd_answer(url)
        for row in answer.value:
            file = _file(f"{source.base}/{name}/resolve/{at}", row)
            if file is not None:
                yield file
        if not answer.next_page:
            return
        url = _at_home(answer.next_page, source.base)


def _file(base: str, row: object) -> RemoteFile | None:
    told = mapping(row)
    path = told.get("path")
    if told.get("type") != "file" or not isinstance(path, str) or not path.isprintable():
        return None
    stored = mapping(told.get("lfs"))
    size = count(stored.get("size")) or count(told.get("size"))
    return RemoteFile(path, size, content_hash(short(stored.get("oid"))), f"{base}/{quote(path)}")


def _at_home(url: str, base: str) -> str:
    """Return the address of a next page at the source itself: mirrors hand on the hub's own."""
    if url.startswith(f"{base}/"):
        return url
    parts = urlsplit(url)
    return f"{base}/{parts.path.lstrip('/')}" + (f"?{parts.query}" if parts.query else "")


def _gate(value: object) -> Gate:
    if not value or value == "false":
        return Gate.OPEN
    return Gate.AUTOMATIC if value == "auto" else Gate.MANUAL


def _licence(told: object) -> str:
    card = mapping(mapping(told).get("cardData"))
    licence = short(card.get("license"))
    # "other" says nothing where the card names it besides.
    return (
        (licence != "other" and licence) or short(card.get("license_name")) or licence or _tag(told)
    )


def _tag(told: object) -> str:
    tags = [short(tag) for tag in sequence(mapping(told).get("tags"))]
    return next((tag[8:] for tag in tags if tag.startswith("license:")), "")
