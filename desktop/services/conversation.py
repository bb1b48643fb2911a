"""A chat's questions and answers: begun, answered again, edited, gone on with; nothing is destroyed.

A question is on the disk before anything is asked of a model; the answer follows while it comes
(`exchange`), also when it is stopped or fails. Plain Python in the caller's thread (the one that
owns the store).
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from desktop.domain.chat import ChatRequest, Message, Role
from desktop.domain.history import Attachment, MessageState, StoredMessage, TitleSource
from desktop.domain.settings import Settings
from desktop.services.exchange import Exchange
from desktop.services.titles import title_of
from desktop.store.chats import ChatStore
from desktop.store.temporary import is_temporary


def request_of(
    branch: Sequence[StoredMessage],
    settings: Settings,
    *,
    thinking: bool | None = None,
    template: str = "",
    begun: StoredMessage | None = None,
) -> ChatRequest:
    """Return what to ask the model: system prompt, the branch, the question at its end.

    `settings`, `thinking` and `template` are those in force (`manner`); `begun` is the answer to
    the question as far as it came, where the model is to go on with it. A question that got no
    answer is left out with it, so that speakers alternate.
    """
    from desktop.services.context_memory import sent

    messages = sent(settings.system_prompt.strip(), branch)
    if begun is not None:
        messages = (*messages, Message(Role.ASSISTANT, begun.content, begun.reasoning))
    return ChatRequest(
        messages,
        settings.sampling,
        builtin_template=template,
        thinking=thinking,
        continue_answer=begun is not None,
    )


class Conversations:
    """Starts exchanges and makes requests of them. Every method may raise StorageError."""

    def __init__(self, store: ChatStore, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` returns seconds that never run backwards."""
        self._store = store
        self._clock = clock

    def begin(
        self, chat: int, text: str, model_name: str, attachments: Sequence[Attachment] = ()
    ) -> Exchange:
        """Save the question and a place for its answer, both or neither.

        A chat without a title gets one from the question.
        """
        store = self._store
        with store.transaction():
            if not store.chat(chat).title:
                store.rename(chat, _title(text, attachments), TitleSource.QUESTION)
            question = store.add(
                chat, store.tip(chat), Role.USER, text, attachments=tuple(attachments)
            )
            answer = self._place_for_answer(chat, question.id, model_name)
        return Exchange(store, self._clock, question, answer)

    def answer_again(self, message: int, model_name: str) -> Exchange | None:
        """Begin another answer beside the answer `message`, or one to the question `message`.

        None where nothing was asked before it.
        """
        found = self._message(message)
        question = found
        if found is not None and found.role is not Role.USER:
            question = self._message(found.parent)
        if question is None or question.role is not Role.USER:
            return None
        answer = self._place_for_answer(question.chat, question.id, model_name)
        return Exchange(self._store, self._clock, question, answer)

    def resume(self, message: int) -> Exchange | None:
        """Begin to go on with the answer `message`; it grows from where it is.

        None for what cannot be gone on with: a question, an answer without a word, or one that
        ended with calls of tools.
        """
        found = self._message(message)
        if found is None or found.role is not Role.ASSISTANT or found.tool_calls:
            return None
        return self._reopened(found) if found.content or found.reasoning else None

    def restart(self, message: int, model_name: str) -> Exchange | None:
        """Begin to answer anew where the answer `message` failed.

        It takes the place of one that has no word and was to be by the same model; otherwise it
        stands beside it, as in `answer_again`.
        """
        found = self._message(message)
        if (
            found is None
            or found.state is not MessageState.FAILED
            or found.content
            or found.reasoning
            or found.model != model_name
        ):
            return self.answer_again(message, model_name)
        return self._reopened(found)

    def edit(
        self, message: int, text: str, attachments: Sequence[Attachment]
    ) -> StoredMessage | None:
        """Add `text` beside `message`, which stays with all that follows it; None without one.

        Another question has `attachments`, another answer is marked as a person's.
        """
        found = self._message(message)
        if found is None:
            return None
        if found.role is Role.USER:
            kept = tuple(attachments)
            return self._store.add(found.chat, found.parent, found.role, text, attachments=kept)
        return self._store.add(
            found.chat, found.parent, found.role, text, model=found.model, edited=True
        )

    def request(
        self,
        exchange: Exchange,
        settings: Settings,
        *,
        thinking: bool | None = None,
        template: str = "",
    ) -> ChatRequest:
        """Return what to ask the model for `exchange`; fields as in `request_of`."""
        parent = exchange.answer.parent
        branch = [] if parent is None else self._store.branch(parent)
        begun = exchange.so_far if exchange.goes_on else None
        request = request_of(branch, settings, thinking=thinking, template=template, begun=begun)
        # What the engine keeps for later lies on the disk, where a temporary chat leaves nothing.
        return replace(request, keep_state=not is_temporary(exchange.chat))

    def _reopened(self, answer: StoredMessage) -> Exchange:
        growing = replace(answer, state=MessageState.STREAMING, note="")
        question = self._message(answer.parent)
        exchange = Exchange(self._store, self._clock, question, growing)
        exchange.save()
        if exchange.save_error is not None:
            raise exchange.save_error
        return exchange

    def _message(self, message: int | None) -> StoredMessage | None:
        found = [] if message is None else self._store.messages_of([message])
        return found[0] if found else None

    def _place_for_answer(self, chat: int, question: int, model_name: str) -> StoredMessage:
        return self._store.add(
            chat, question, Role.ASSISTANT, "", state=MessageState.STREAMING, model=model_name
        )


def _title(text: str, attachments: Sequence[Attachment]) -> str:
    """Return a title from the question, or from what was sent without a word."""
    title = title_of(text)
    for each in attachments:
        title = title or title_of(each.name) or title_of(each.words)
    return title
