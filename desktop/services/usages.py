"""The account of an answer that was written in several goes. Pure; any thread."""

from dataclasses import replace

from desktop.domain.chat import Usage


def added(before: Usage | None, now: Usage) -> Usage:
    """Return the account of one answer whose first part took `before` and the rest `now`.

    The prompt and the wait for the first token are those of the first part: the second one read
    what it had written itself. The speed is that of all tokens over all the time they took.
    """
    if before is None or not before.prompt_tokens:
        return now
    return replace(
        before,
        completion_tokens=before.completion_tokens + now.completion_tokens,
        decode_tps=_speed(before, now),
        drafted_tokens=before.drafted_tokens + now.drafted_tokens,
        accepted_tokens=before.accepted_tokens + now.accepted_tokens,
    )


def _speed(*usages: Usage) -> float:
    timed = [usage for usage in usages if usage.decode_tps > 0 and usage.completion_tokens > 1]
    seconds = sum((usage.completion_tokens - 1) / usage.decode_tps for usage in timed)
    tokens = sum(usage.completion_tokens - 1 for usage in timed)
    return tokens / seconds if seconds else 0.0
