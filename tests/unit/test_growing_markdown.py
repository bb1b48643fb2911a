"""Streamed Markdown shows what the whole would show, and costs the same for each piece. No Qt."""

import random

import pytest

from desktop.ui.growing_markdown import GrowingMarkdown
from desktop.ui.markdown import parse
from desktop.ui.markdown_parts import Code, Paragraph, Part, Span
from desktop.ui.markdown_portions import portions_of

SAMPLE = """# Title
A **bold** paragraph with `code` and [a link](https://example.org).
next line

1. one
2. two
   ```python
   x = 1
   ```
   more
   - a
   - b
3. - inside
10. jumps

text
```not a fence``` but code

```py
x = [
``
```
after
~~~
``` inside
~~~
| a | b |
|---|:-:|
| 1 | **2** |
| 3 | 4 |

> quote
lazy
> > deep

Setext
======

- loose

- items

  with more
* another list

1) paren
2) list

你好，**世界**。 Maths $x$ and $$
y
$$
done \\(a\\)

$$
a
= b
- c
$$
text
\\[
z
\\]
- [ ] t
- [x] u

| a | b |
|---|---|
| $x$ | y |
> q

| a | b |
|---|---|
1 | 2
- item

    indented code

---
The end
"""


def streamed(source: str, sizes: list[int], rng: random.Random) -> GrowingMarkdown:
    growing = GrowingMarkdown()
    settled: list[Part] = []
    at = 0
    while at < len(source):
        size = rng.choice(sizes)
        growing.append(source[at : at + size])
        at += size
        progress = growing.progress()
        assert list(progress.settled[: len(settled)]) == settled, "settled parts changed"
        settled = list(progress.settled)
    return growing


def shown(growing: GrowingMarkdown) -> list[Part]:
    progress = growing.progress()
    return [*progress.settled, *progress.growing]


@pytest.mark.parametrize("sizes", [[1], [2, 3, 5], [1, 7, 30], [200]], ids=str)
def test_pieces_of_any_size_show_the_same_as_the_whole(sizes: list[int]) -> None:
    for seed in range(3):
        growing = streamed(SAMPLE, sizes, random.Random(seed))
        assert shown(growing) == parse(SAMPLE)
        assert list(growing.finish().settled) == parse(SAMPLE)


def test_every_prefix_shows_the_same_as_its_whole_but_for_what_is_half_open() -> None:
    growing = GrowingMarkdown()
    for end, char in enumerate(SAMPLE, start=1):
        growing.append(char)
        got, whole = shown(growing), parse(SAMPLE[:end])
        match got[-1]:
            case Paragraph(spans=(Span(text=text, code=True),)) if text.startswith(("$$", "\\[")):
                continue
        if got != whole:
            assert isinstance(got[-1], Code)
            assert SAMPLE[:end].rsplit("\n", 1)[-1].strip(" ") in {"`", "``", "~", "~~"}


@pytest.mark.parametrize(
    ("unit", "most"),
    [
        pytest.param("A sentence of some words. " * 12 + "\n\n", 30, id="paragraphs"),
        pytest.param("- an item with **bold** words\n", 12, id="items"),
        pytest.param("```py\n" + "x = 1\n" * 30 + "```\n", 3, id="code-blocks"),
        pytest.param("word ", 45, id="one-paragraph"),
        pytest.param("| a | b |\n", 15, id="one-table"),
    ],
)
def test_streaming_50_kb_parses_a_bounded_multiple_of_it(unit: str, most: int) -> None:
    source = ("|x|y|\n|-|-|\n" if unit.startswith("|") else "") + unit * (50_000 // len(unit))
    growing = GrowingMarkdown()
    for at in range(0, len(source), 64):
        growing.append(source[at : at + 64])
        growing.progress()

    assert growing.parsed < most * len(source)


def test_twice_the_text_costs_twice_the_parsing_and_not_four_times() -> None:
    def cost(paragraphs: int) -> int:
        source = ("Some words of a paragraph, and a few more. " * 5 + "\n\n") * paragraphs
        growing = GrowingMarkdown()
        for at in range(0, len(source), 16):
            growing.append(source[at : at + 16])
            growing.progress()
        return growing.parsed

    assert cost(120) < 2.2 * cost(60)


def test_a_long_growing_code_block_is_not_parsed_at_all() -> None:
    growing = GrowingMarkdown()
    growing.append("```py\n")
    growing.progress()
    before = growing.parsed
    for number in range(3_000):
        growing.append(f"x = {number}\n")
        growing.progress()

    assert growing.parsed == before
    (code,) = shown(growing)
    assert isinstance(code, Code)
    assert code.text.count("\n") == 2_999


def test_new_words_of_a_long_paragraph_are_seen_before_it_is_parsed_again() -> None:
    growing = GrowingMarkdown()
    growing.append("word " * 1_000)
    growing.progress()
    growing.append("**new**")

    (paragraph,) = shown(growing)
    assert isinstance(paragraph, Paragraph)
    assert paragraph.spans[-1] == Span("**new**")


@pytest.mark.parametrize("unit", ["word ", " word", "wo rd ", "word\n"], ids=repr)
def test_no_space_is_lost_between_what_is_parsed_and_what_comes_after(unit: str) -> None:
    growing = GrowingMarkdown()
    source = ""
    for _ in range(600):
        growing.append(unit)
        source += unit
        (paragraph,) = shown(growing)
        assert isinstance(paragraph, Paragraph)
        assert "".join(span.text for span in paragraph.spans).strip() == source.strip()


def test_a_formula_that_is_being_written_is_its_source_and_no_list() -> None:
    growing = GrowingMarkdown()
    growing.append("text\n\n$$\na\n- b\n")

    assert shown(growing)[1:] == [Paragraph((Span("$$\na\n- b", code=True),))]
    growing.append("$$")
    assert shown(growing)[1:] == [Paragraph((Span("a\n- b", math=True),), display=True)]


def test_a_footnote_is_one_before_its_words_come() -> None:
    growing = GrowingMarkdown()
    growing.append("a[^1] [^x]\n\n")
    first = Paragraph((Span("a"), Span("1", note=1), Span(" [^x]")))
    assert shown(growing) == [first]
    growing.append("[^1]: words")

    assert shown(growing) == [first, Paragraph((Span("words"),), depth=1, marker=1, small=True)]
    assert list(growing.finish().settled) == shown(growing)


def test_a_table_with_too_many_cells_ends_as_its_source() -> None:
    source = "|a|b|\n|-|-|\n" + "|1|2|\n" * 1_100
    growing = GrowingMarkdown()
    for at in range(0, len(source), 50):
        growing.append(source[at : at + 50])
        growing.progress()

    assert list(growing.finish().settled) == parse(source)


@pytest.mark.parametrize("times", [1, 8])
def test_a_text_read_in_portions_is_the_whole(times: int) -> None:
    source = f"{SAMPLE}\nsee [x] and[^n] [^1]\n\n" * times
    source += "[x]: https://example.org\n\n[^n]: note\n"

    parts = [part for portion in portions_of(source) for part in portion]

    assert parts == parse(source)


def test_an_unfinished_code_block_ends_as_code() -> None:
    growing = GrowingMarkdown()
    growing.append("```py\nx = 1")

    assert shown(growing) == [Code("x = 1", "py")]
    assert list(growing.finish().settled) == [Code("x = 1", "py")]


def test_line_ends_of_windows_are_line_ends() -> None:
    growing = GrowingMarkdown()
    growing.append("a\r")
    growing.append("\n\r\n```\r\nx\r\n```\r\nb")

    assert shown(growing) == parse("a\n\n```\nx\n```\nb")
