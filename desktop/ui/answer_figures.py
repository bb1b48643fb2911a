"""How an answer went, in words: one quiet line under it, and all there is to know on request.

GUI thread.
"""

from datetime import datetime

from desktop.domain.chat import Usage
from desktop.domain.history import MessageState, StoredMessage
from desktop.domain.text import Text
from desktop.ui.model_words import GAP, model_words
from desktop.ui.translation import say, told_together

__all__ = ["figures_line", "figures_meaning", "figures_rows"]

_SOON_MS = 100
_TENTHS_BELOW = 10


def figures_line(message: StoredMessage) -> str:
    """Return who answered, how much, how fast, and why it ended where it did not by itself."""
    usage = _told(message)
    parts = [model_words(message.model)]
    if message.edited:
        parts.append(say(Text("edited")))
    if usage is not None:
        parts += [_tokens(usage.completion_tokens), _speed(usage.decode_tps)]
        parts.append(say(Text("{time} wait", {"time": _wait(usage.ttft_ms)})))
    match message.state:
        case MessageState.STOPPED:
            parts.append(say(Text("stopped")))
        case MessageState.LENGTH:
            parts.append(say(Text("cut at the length limit")))
        case _:
            pass
    return GAP.join(part for part in parts if part) or _when(message.created)


def figures_rows(message: StoredMessage) -> list[tuple[str, str]]:
    """Return everything that is known of the answer, as names and values."""
    usage, rows = _told(message), list[tuple[str, str]]()
    if usage is not None:
        rows.append((say(Text("Read")), _tokens(usage.prompt_tokens)))
        if usage.cached_tokens:
            rows.append((say(Text("of them known before")), f"{usage.cached_tokens:,}"))
        if usage.prefill_tps > 0:
            rows.append((say(Text("Reading speed")), _speed(usage.prefill_tps)))
        rows.append((say(Text("First word after")), _wait(usage.ttft_ms)))
    if message.thinking_seconds is not None:
        rows.append((say(Text("Thinking")), _wait(message.thinking_seconds * 1000)))
    if usage is not None:
        rows.append((say(Text("Written")), _tokens(usage.completion_tokens)))
        rows.append((say(Text("Writing speed")), _speed(usage.decode_tps)))
        if usage.drafted_tokens:
            rows.append((say(Text("Guesses right")), _guesses(usage)))
    rows.append((say(Text("Ended")), _end(message.state)))
    if message.edited:
        rows.append((say(Text("Edited")), say(Text("by you"))))
    if when := _when(message.created):
        rows.append((say(Text("When")), when))
    return rows


def figures_meaning(message: StoredMessage) -> str:
    """Return what the words of the rows mean that are not everybody's; empty without figures."""
    usage = _told(message)
    if usage is None:
        return ""
    meaning = [say(Text("A token is a short word, or a piece of a longer one."))]
    if usage.cached_tokens:
        meaning.append(say(Text("What was read before is not read again.")))
    if usage.accepted_tokens:
        words = Text("Lapis guessed how the text goes on; the model checked many words at once.")
        meaning += [say(words), say(Text("The answer is the same, only sooner."))]
    return told_together(meaning)


def _told(message: StoredMessage) -> Usage | None:
    usage = message.usage
    return usage if usage is not None and usage.completion_tokens > 0 else None


def _guesses(usage: Usage) -> str:
    values = {"kept": f"{usage.accepted_tokens:,}", "guessed": f"{usage.drafted_tokens:,}"}
    return say(Text("{kept} of {guessed}", values))


def _end(state: MessageState) -> str:
    match state:
        case MessageState.STREAMING:
            return say(Text("not yet"))
        case MessageState.COMPLETE:
            return say(Text("by itself"))
        case MessageState.STOPPED:
            return say(Text("stopped by you"))
        case MessageState.LENGTH:
            return say(Text("at the length limit"))
        case MessageState.TOOL_CALLS:
            return say(Text("to call a tool"))
        case MessageState.INTERRUPTED:
            return say(Text("interrupted"))
        case MessageState.FAILED:
            return say(Text("failed"))


def _when(moment: float) -> str:
    try:
        return f"{datetime.fromtimestamp(moment).astimezone():%Y-%m-%d %H:%M}" if moment else ""
    except (OverflowError, ValueError, OSError):
        return ""


def _tokens(count: int) -> str:
    return say(Text("{count} tokens", {"count": f"{count:,}"}))


def _speed(tokens_per_second: float) -> str:
    digits = 0 if tokens_per_second >= _TENTHS_BELOW else 1
    return say(Text("{speed} tokens/s", {"speed": f"{tokens_per_second:,.{digits}f}"}))


def _wait(milliseconds: float) -> str:
    if milliseconds < _SOON_MS:
        return say(Text("{number} ms", {"number": f"{milliseconds:.0f}"}))
    return say(Text("{number} s", {"number": f"{milliseconds / 1000:.1f}"}))
