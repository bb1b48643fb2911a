"""Messages of a chat, for tests of what shows them."""

from desktop.domain.chat import Role, Usage
from desktop.domain.history import MessageState, StoredMessage

USAGE = Usage(100, 20, 412, 400.0, 200.0, 31.2)


def question(number: int, text: str = "Why?") -> StoredMessage:
    parent = number - 1 or None
    return StoredMessage(
        number, 1, parent, Role.USER, text, "", MessageState.COMPLETE, "", None, "", 0.0
    )


def answer(
    number: int,
    text: str = "",
    state: MessageState = MessageState.COMPLETE,
    *,
    parent: int | None = None,
    reasoning: str = "",
    usage: Usage | None = USAGE,
    note: str = "",
) -> StoredMessage:
    before = number - 1 if parent is None else parent
    return StoredMessage(
        number, 1, before, Role.ASSISTANT, text, reasoning, state, "tiny", usage, note, 0.0
    )


def conversation(exchanges: int) -> list[StoredMessage]:
    messages: list[StoredMessage] = []
    for at in range(1, 2 * exchanges, 2):
        messages += [
            question(at, f"Question {at}"),
            answer(at + 1, f"Answer {at + 1}\n\n" + "Words of the answer. " * 30),
        ]
    return messages
