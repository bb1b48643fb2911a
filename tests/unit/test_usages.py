"""Answers written in several goes have one account that says what they cost."""

from desktop.domain.chat import Usage
from desktop.services.usages import added

FIRST = Usage(100, 40, 101, 500.0, 80.0, 20.0, drafted_tokens=10, accepted_tokens=6)
REST = Usage(200, 190, 31, 20.0, 300.0, 10.0, drafted_tokens=5, accepted_tokens=1)


def test_the_prompt_counts_once_and_what_was_written_adds_up() -> None:
    both = added(FIRST, REST)

    assert (both.prompt_tokens, both.cached_tokens) == (100, 40)
    assert (both.ttft_ms, both.prefill_tps) == (500.0, 80.0)
    assert both.completion_tokens == 132
    assert (both.drafted_tokens, both.accepted_tokens) == (15, 7)
    assert both.decode_tps == 130 / (100 / 20.0 + 30 / 10.0)


def test_without_an_earlier_account_the_new_one_stands() -> None:
    assert added(None, REST) == REST
    assert added(Usage(0, 0, 0, 0.0, 0.0, 0.0), REST) == REST


def test_what_was_stopped_before_a_word_changes_nothing() -> None:
    assert added(FIRST, Usage(0, 0, 0, 0.0, 0.0, 0.0)) == FIRST
    assert added(FIRST, Usage(200, 0, 1, 9.0, 1.0, 0.0)).decode_tps == FIRST.decode_tps
