"""What Lapis finds in the pictures: chats, models of real shape without weights, settings."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from desktop.backends.explain import explain_death
from desktop.backends.ladder import Cause
from desktop.base.paths import Paths, paths_under
from desktop.domain.advice import Computer
from desktop.domain.chat import Role, Usage
from desktop.domain.errors import LapisError, TooLarge
from desktop.domain.history import Attachment, AttachmentKind, MessageState
from desktop.domain.model import LoadPlan
from desktop.domain.settings import Language, Theme
from desktop.models.gguf import read_gguf
from desktop.services.notes import note_of
from desktop.services.planning import fitting_plan
from desktop.store.chats import ChatStore
from tests import gguf_files
from tests.harness.real_shapes import SHAPES
from tests.screenshots.texts import TEXTS, Talk, Texts

HUB_MODEL: Final = "gemma-2-2b-it"
LABELS: Final = {
    "IQ3_M": 0.81,
    "Q3_K_L": 0.91,
    "IQ4_XS": 0.92,
    "Q4_K_S": 0.96,
    "Q4_K_M": 1.0,
    "Q5_K_S": 1.1,
    "Q5_K_M": 1.13,
    "Q6_K": 1.26,
    "Q8_0": 1.63,
    "f16": 3.06,
}
"""Quantisations of that model, and their size compared with Q4_K_M."""
_MODEL: Final = "gemma-2-2b-it-Q4_K_M.gguf"
_FILES: Final = {
    _MODEL: "gemma-2-2b",
    "Qwen3-4B-Instruct-2507-Q4_K_M.gguf": "qwen-3-4b",
    "Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf": "llama-3-8b",
}
_PAGES: Final = 12
_SMALL: Final = Computer(4_000_000_000, 2_400_000_000)
_LONG: Final = 8192
_USAGE: Final = Usage(412, 380, 214, 390.0, 520.0, 31.2)


def header(folder: Path) -> tuple[int, bytes]:
    """Return size and header of the model that the hub offers."""
    path = folder / "offered.gguf"
    start = SHAPES["gemma-2-2b"]().write(path)
    with path.open("rb") as file:
        return path.stat().st_size, file.read(start)


@dataclass(frozen=True, slots=True)
class Home:
    """A data folder, `data`, of somebody who speaks `language`."""

    data: Path
    language: Language
    theme: Theme

    def furnish(self, *, is_first: bool) -> None:
        """Fill it; with `is_first` as it is before Lapis was ever started."""
        paths = paths_under(self.data)
        paths.create()
        settings: dict[str, object] = {
            "theme": self.theme,
            "language": self.language,
            "welcomed": not is_first,
        }
        if not is_first:
            texts = TEXTS[self.language]
            speaker = gguf_files.write_llama(
                self.data / "gemma-2-2b-it.gguf", name="Gemma 2 2B", answer=texts.reply, stops=True
            )
            settings |= {
                "model": _MODEL.removesuffix(".gguf"),
                "popup": {"model": str(speaker)},
                "opened_models": [str(speaker)],
            }
            self._put_models(paths)
            self._talk(paths, texts)
        paths.settings.write_text(json.dumps(settings), encoding="utf-8")

    def _put_models(self, paths: Paths) -> None:
        for name, shape in _FILES.items():
            SHAPES[shape]().write(paths.models / name)

    def _talk(self, paths: Paths, texts: Texts) -> None:
        store = ChatStore.open(paths.database)
        try:
            folder = store.add_folder(texts.folder)
            for title in reversed(texts.in_folder):
                chat = store.create(title, folder=folder.id).id
                _say(store, chat, Talk(title, title, texts.reply))
            for talk, error in (
                (texts.minutes, _refusal(paths.models / _MODEL)),
                (texts.lease, None),
                (texts.harvest, explain_death(Cause.MEMORY)),
            ):
                _say(store, store.create(talk.title).id, talk, error)
            for title in texts.others:
                _say(store, store.create(title).id, Talk(title, title, texts.reply))
            pinned = store.create(texts.pinned).id
            _say(store, pinned, Talk(texts.pinned, texts.pinned, texts.reply))
            store.set_pinned(pinned, pinned=True)
            for talk in texts.talks:
                _say(store, store.create(talk.title).id, talk)
        finally:
            store.close()


def _refusal(model: Path) -> TooLarge:
    """Return why a small computer does not load `model` with a long context."""
    try:
        wished = LoadPlan(model, n_ctx=_LONG)
        fitting_plan(read_gguf(model), wished, _SMALL, model.stem)
    except TooLarge as refusal:
        return refusal
    raise AssertionError("it fits")


def _say(store: ChatStore, chat: int, talk: Talk, error: LapisError | None = None) -> None:
    """Keep `talk`, whose answer `error` ended."""
    along = [Attachment(AttachmentKind.FILE, talk.document, talk.answer * 12, _PAGES)]
    question = store.add(
        chat, None, Role.USER, talk.question, attachments=along if talk.document else ()
    )
    for answer in (*talk.earlier, talk.answer):
        message = store.add(
            chat, question.id, Role.ASSISTANT, answer, model=_MODEL.removesuffix(".gguf")
        )
        store.update(
            message.id,
            content=answer,
            reasoning=talk.reasoning,
            state=MessageState.COMPLETE if error is None else MessageState.FAILED,
            usage=_USAGE if error is None else None,
            note="" if error is None else note_of(error),
            thinking_seconds=talk.thinking_seconds or None,
        )
