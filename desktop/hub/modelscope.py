"""ModelScope: search, and the files of a repository. Any thread.

Routes: `/openapi/v1/models` (search, and one repository's licence), and
`/api/v1/models/{repo}/repo/files?Revision=…&Recursive=True` (files with SHA-256, at most 3,000).
Bytes come from `/models/{repo}/resolve/{revision}/{path}`. The branch is `master`; files are not
pinned to a commit, so it is their SHA-256 that tells versions apart.
"""

from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import quote, urlencode

from desktop.base.json_values import count, mapping, short
from desktop.domain.errors import (
    AccessDenied,
    LapisError,
    OddAnswer,
    RepositoryNotFound,
    ServerFault,
)
from desktop.domain.repository import Gate, RemoteFile, Repository, SearchHit, SearchResult, Source
from desktop.hub.asking import Ask
from desktop.hub.failures import answer_failure, odd_answer
from desktop.hub.grouping import grouped
from desktop.hub.headers import commit_in, content_hash
from desktop.hub.listed_values import day, repository_name

# More is refused (HTTP 400).
MOST_HITS: Final = 50
BRANCH: Final = "master"
_MOST_PAGE: Final = 1000


def search(ask: Ask, source: Source, words: str, limit: int, cursor: str = "") -> SearchResult:
    """Return repositories with GGUF files that match `words`, the most downloaded first.

    `cursor` is that of the result before. Raises NetworkError.
    """
    size = max(1, min(limit, MOST_HITS))
    page = min(int(cursor), _MOST_PAGE) if cursor.isascii() and cursor.isdigit() else 1
    query = {
        "search": words,
        "filter.library": "gguf",
        "sort": "downloads",
        "page_number": str(page),
        "page_size": str(size),
    }
    url = f"{source.base}/openapi/v1/models?{urlencode({k: v for k, v in query.items() if v})}"
    told = mapping(mapping(ask(url).value).get("data"))
    rows = told.get("models")
    if not isinstance(rows, list):
        raise odd_answer(url)
    hits = tuple(hit for row in rows if (hit := _hit(source, row)) is not None)
    has_more = bool(rows) and page * size < count(told.get("total_count"))
    return SearchResult(hits, has_more, str(page + 1) if has_more else "")


def repository(ask: Ask, source: Source, name: str, revision: str = "") -> Repository:
    """Return what is in the repository `name` at a revision, the newest if none is given.

    Raises NetworkError, RepositoryNotFound among others.
    """
    branch = revision or BRANCH
    query = urlencode({"Revision": branch, "Recursive": "True"})
    url = f"{source.base}/api/v1/models/{name}/repo/files?{query}"
    told = mapping(ask(url).value)
    data = mapping(told.get("Data"))
    rows = data.get("Files")
    if not isinstance(rows, list):
        raise _refusal(url, told)
    base = f"{source.base}/models/{name}/resolve/{quote(branch, safe='')}"
    models, projectors = grouped(_files(base, rows))
    about = _about(ask, source, name)
    return Repository(
        source=source,
        name=name,
        commit=commit_in(short(mapping(data.get("LatestCommitter")).get("Id"))) or branch,
        gate=Gate.MANUAL if about.get("gated") is True else Gate.OPEN,
        licence=short(about.get("license")),
        page=f"{source.base}/models/{name}",
        models=models,
        projectors=projectors,
    )


def _refusal(url: str, told: Mapping[str, object]) -> LapisError:
    """Return the error of an answer that has a code of its own instead of files."""
    is_no = count(told.get("Code")) and told.get("Success") is False
    return answer_failure(url, 404, {}) if is_no else odd_answer(url)


def _about(ask: Ask, source: Source, name: str) -> dict[str, object]:
    """Return licence and gate, where they are told; the files can be listed without."""
    try:
        answer = ask(f"{source.base}/openapi/v1/models/{name}")
    except (AccessDenied, OddAnswer, RepositoryNotFound, ServerFault):
        return {}
    return dict(mapping(mapping(answer.value).get("data")))


def _hit(source: Source, row: object) -> SearchHit | None:
    told = mapping(row)
    name = repository_name(told.get("id"))
    if not name:
        return None
    return SearchHit(
        source=source,
        name=name,
        downloads=count(told.get("downloads")),
        likes=count(told.get("likes")),
        gate=Gate.MANUAL if told.get("gated") is True else Gate.OPEN,
        parameters=count(told.get("params")),
        updated=day(told.get("last_modified")),
    )


def _files(base: str, rows: list[object]) -> Iterator[RemoteFile]:
    for row in rows:
        told = mapping(row)
        path = told.get("Path")
        if told.get("Type") == "tree" or not isinstance(path, str) or not path.isprintable():
            continue
        yield RemoteFile(
            path,
            count(told.get("Size")),
            content_hash(short(told.get("Sha256"))),
            f"{base}/{quote(path)}",
        )
