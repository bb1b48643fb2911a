"""Sizes, speeds and times in words."""

from datetime import datetime

import pytest

from desktop.domain.quantities import (
    ago,
    days_ago,
    duration,
    gap,
    parameters,
    part_of,
    sized,
    speed,
    time_left,
    tokens,
)


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (12_400, "12 kB"),
        (999_999, "1 MB"),
        (119_600_000, "120 MB"),
        (999_600_000, "1.0 GB"),
        (5_761_057_728, "5.8 GB"),
        (1_500_000_000_000, "1.5 TB"),
    ],
)
def test_a_size_has_the_unit_that_suits_it(count: int, words: str) -> None:
    assert sized(count) == words


@pytest.mark.parametrize(
    ("rate", "words"),
    [(-1.0, "0 kB/s"), (640_000.0, "640 kB/s"), (1_440_000.0, "1.4 MB/s"), (112.4e6, "112 MB/s")],
)
def test_a_speed_is_short(rate: float, words: str) -> None:
    assert speed(rate) == words


@pytest.mark.parametrize(
    ("done", "total", "words"),
    [
        (0, 5_400_000_000, "0.0 of 5.4 GB"),
        (1_290_000_000, 5_400_000_000, "1.2 of 5.4 GB"),
        (5_399_999_999, 5_400_000_000, "5.3 of 5.4 GB"),
        (5_400_000_000, 5_400_000_000, "5.4 of 5.4 GB"),
        (5_761_057_728, 5_761_057_728, "5.8 of 5.8 GB"),
        (340_900_000, 812_000_000, "340 of 812 MB"),
        (-5, 10, "0 of 10 B"),
    ],
)
def test_a_part_is_told_in_the_unit_of_the_whole_and_never_too_early(
    done: int, total: int, words: str
) -> None:
    assert str(part_of(done, total)) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "1 s"),
        (8.2, "9 s"),
        (12, "12 s"),
        (59, "59 s"),
        (60, "1 min"),
        (61, "2 min"),
        (90 * 60, "90 min"),
        (2 * 3600, "2 h"),
        (2 * 3600 + 17 * 60, "2 h 10 min"),
        (40 * 3600, "2 days"),
    ],
)
def test_a_time_is_as_fine_as_it_is_short(seconds: float, words: str) -> None:
    assert str(duration(seconds)) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "1 s left"),
        (9.5, "10 s left"),
        (12, "15 s left"),
        (54, "55 s left"),
        (59, "59 s left"),
        (61, "2 min left"),
        (2 * 3600, "2 h left"),
        (2 * 3600 + 17 * 60, "2 h 10 min left"),
        (40 * 3600, "2 days left"),
    ],
)
def test_what_is_left_does_not_flicker(seconds: float, words: str) -> None:
    assert str(time_left(seconds)) == words


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (-3, "today"),
        (0, "today"),
        (1, "yesterday"),
        (13, "13 days ago"),
        (14, "2 weeks ago"),
        (59, "8 weeks ago"),
        (60, "2 months ago"),
        (729, "24 months ago"),
        (730, "2 years ago"),
    ],
)
def test_days_are_told_as_people_tell_them(days: int, words: str) -> None:
    assert str(days_ago(days)) == words


def test_a_time_is_as_many_days_ago_as_the_calendar_has_turned() -> None:
    now = datetime(2026, 3, 9, 0, 10).astimezone().timestamp()
    assert str(ago(now - 300, now)) == "today"
    assert str(ago(now - 1200, now)) == "yesterday"
    assert str(ago(now - 3 * 86400, now)) == "3 days ago"


@pytest.mark.parametrize("moment", [1e300, float("nan"), float("inf"), 2e9])
def test_a_time_that_cannot_be_is_today(moment: float) -> None:
    assert str(ago(moment, 1.7e9)) == "today"


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (512, "512"),
        (8192, "8K"),
        (40960, "40K"),
        (131072, "128K"),
        (1_048_576, "1M"),
        (1_000_000, "1M"),
        (200_000, "200K"),
        (5000, "5K"),
        (5001, "5,001"),
    ],
)
def test_tokens_are_counted_as_models_are_advertised(count: int, words: str) -> None:
    assert tokens(count) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (268_098_176, "268M"),
        (2_614_341_888, "2.6B"),
        (9_000_000_000, "9B"),
        (9_241_705_984, "9.2B"),
        (27_227_128_320, "27B"),
    ],
)
def test_parameters_are_counted_as_models_are_named(count: int, words: str) -> None:
    assert parameters(count) == words


@pytest.mark.parametrize(
    ("larger", "smaller", "apart"),
    [
        (22_440_000_000, 20_360_000_000, 2_000_000_000),
        (6_160_000_000, 4_500_000_000, 1_700_000_000),
        (1_040_000_000, 999_000_000, 41_000_000),
        (5_000_000, 5_000_000, 0),
        (5_000_000, 6_000_000, 0),
    ],
)
def test_what_lies_between_two_sizes_adds_up_as_they_read(
    larger: int, smaller: int, apart: int
) -> None:
    assert gap(larger, smaller) == apart
