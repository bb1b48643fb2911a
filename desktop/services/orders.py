"""From a repository to what is fetched: the model that was meant, and the order for it. Pure."""

import hashlib
import unicodedata
from collections.abc import Iterable
from typing import Final

from desktop.domain.download import DownloadOrder
from desktop.domain.errors import RemoteFileNotFound
from desktop.domain.repository import QuantisedModel, Reference, RemoteFile, Repository
from desktop.domain.text import Text
from desktop.hub.file_names import MOST_FOLDER_BYTES, local_name, safe_name
from desktop.hub.grouping import nearest_projector

_DYNAMIC: Final = "UD-"
_MOST_NAMED: Final = 40


def choose(repository: Repository, quantisation: str) -> QuantisedModel:
    """Return the model with that label, or of that name, in any case of letters.

    Where there is none, `UD-` (Unsloth's way of mixing types) before it makes no difference.
    Raises RemoteFileNotFound, which lists what there is, or what of it could be meant.
    """
    wanted = quantisation.strip().casefold()
    plain = wanted.removeprefix(_DYNAMIC.casefold())
    for label in (wanted, plain, f"{_DYNAMIC.casefold()}{plain}"):
        found = [model for model in repository.models if model.quantisation.casefold() == label]
        if len(found) == 1:
            return found[0]
        if found:
            raise _several(repository, quantisation, found)
    named = [model for model in repository.models if model.name.casefold() == wanted]
    if len(named) == 1:
        return named[0]
    raise RemoteFileNotFound(
        Text(
            "{name} has no {quantisation}",
            {"name": repository.name, "quantisation": quantisation.strip()},
        ),
        _what_there_is(model.quantisation or model.name for model in repository.models),
    )


def choose_file(repository: Repository, path: str) -> QuantisedModel:
    """Return the model that the file `path` is, or is a part of; raises RemoteFileNotFound."""
    for match in (str, _last_part):
        found = [
            model
            for model in repository.models
            if any(match(file.path) == match(path) for file in model.files)
        ]
        if len(found) == 1:
            return found[0]
    raise RemoteFileNotFound(
        Text("{name} has no model file {file}", {"name": repository.name, "file": path}),
        _what_there_is(model.files[0].path for model in repository.models),
    )


def chosen(repository: Repository, reference: Reference) -> QuantisedModel | None:
    """Return what `reference` narrows the choice to, None if it does not.

    Raises RemoteFileNotFound if the repository does not have it.
    """
    if reference.file:
        return choose_file(repository, reference.file)
    if reference.quantisation:
        return choose(repository, reference.quantisation)
    return None


def projector_for(repository: Repository, model: QuantisedModel) -> RemoteFile | None:
    """Return what lets `model` see pictures, if the repository has it."""
    return nearest_projector(model, repository.projectors)


def order_for(
    repository: Repository, model: QuantisedModel, projector: RemoteFile | None = None
) -> DownloadOrder:
    """Return the order for a model, and what it sees with.

    One folder holds the files of one model and no others, so that they can be removed together.
    Raises what `repository.refused` says, and BadReference for names that no file here may have.
    """
    if repository.refused is not None:
        raise repository.refused
    files = model.files if projector is None else (*model.files, projector)
    for file in files:
        local_name(file.path)
    paths = "\n".join(file.path for file in files)
    key = _hash(f"{repository.source.base}\n{repository.name}\n{repository.commit}\n{paths}")
    return DownloadOrder(
        key=key,
        title=model.name,
        source=repository.source,
        repository=repository.name,
        commit=repository.commit,
        folder=_folder(repository, model),
        files=files,
    )


def _folder(repository: Repository, model: QuantisedModel) -> str:
    """Return a folder's name: who made it, what it is, and no other model has it."""
    owner, _, name = repository.name.partition("/")
    labels = [one.quantisation for one in repository.models]
    is_plain = model.quantisation and labels.count(model.quantisation) == 1
    whole = f"{owner}--{name}--{model.quantisation if is_plain else model.name}"
    folder = safe_name(whole)
    # Some disks know no case of letters, and some only one way to write an accent.
    same = [one for one in repository.models if _folded(one.name) == _folded(model.name)]
    is_clear = "--" not in repository.name
    if is_clear and folder == whole and len(whole.encode()) <= MOST_FOLDER_BYTES and len(same) == 1:
        return folder
    # Cut, changed, or the name of a second file in another folder there.
    mark = _hash(f"{repository.name}\n{model.files[0].path}")[:8]
    return f"{safe_name(whole[: MOST_FOLDER_BYTES // 2])}--{mark}"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]


def _last_part(path: str) -> str:
    return path.rsplit("/", 1)[-1].casefold()


def _several(
    repository: Repository, quantisation: str, found: Iterable[QuantisedModel]
) -> RemoteFileNotFound:
    return RemoteFileNotFound(
        Text(
            "{name} has {quantisation} more than once",
            {"name": repository.name, "quantisation": quantisation.strip()},
        ),
        Text(
            "Name the file you mean: {names}.",
            {"names": _listed(f"{repository.name}/{one.files[0].path}" for one in found)},
        ),
    )


def _what_there_is(names: Iterable[str]) -> Text:
    return Text("It has: {names}.", {"names": _listed(names)})


def _listed(names: Iterable[str]) -> tuple[str, ...]:
    unique = tuple(dict.fromkeys(names))
    more = ("…",) if len(unique) > _MOST_NAMED else ()
    return unique[:_MOST_NAMED] + more
