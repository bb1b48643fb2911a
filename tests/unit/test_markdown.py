"""Markdown becomes values in which nothing is left to interpret. No Qt."""

import time

import pytest

from desktop.ui.highlight import highlight, language_name
from desktop.ui.markdown import parse
from desktop.ui.markdown_parts import Code, Paragraph, Part, Rule, Span, Table


def text_of(parts: list[Part]) -> str:
    out = []
    for part in parts:
        match part:
            case Paragraph(spans=spans):
                out.append("".join(span.text for span in spans))
            case Code(text=text):
                out.append(text)
            case Table(rows=rows):
                out.extend("".join(span.text for span in cell) for row in rows for cell in row)
            case Rule():
                out.append("---")
    return "\n".join(out)


def test_styles_become_runs_and_neighbours_of_one_look_are_joined() -> None:
    assert parse("a **b *c*** `d` ~~e~~ f\ng") == [
        Paragraph(
            (
                Span("a "),
                Span("b ", bold=True),
                Span("c", bold=True, italic=True),
                Span(" "),
                Span("d", code=True),
                Span(" "),
                Span("e", struck=True),
                Span(" f\ng"),
            )
        )
    ]


def test_lists_keep_numbers_depth_and_the_code_inside_them() -> None:
    assert parse("3. a\n4. b\n   - c\n\n   ```py\n   x\n   ```\n5. d") == [
        Paragraph((Span("a"),), depth=1, marker=3),
        Paragraph((Span("b"),), depth=1, marker=4),
        Paragraph((Span("c"),), depth=2, marker=0),
        Code("x", "py", 1),
        Paragraph((Span("d"),), depth=1, marker=5),
    ]


def test_an_item_that_begins_with_code_still_shows_its_number() -> None:
    assert parse("1. ```\n   x\n   ```") == [
        Paragraph((), depth=1, marker=1),
        Code("x", "", 1),
    ]


def test_headings_quotes_and_rules() -> None:
    assert parse("## H\n\n> a\n>> b\n\n---") == [
        Paragraph((Span("H"),), level=2),
        Paragraph((Span("a"),), quote=1),
        Paragraph((Span("b"),), quote=2),
        Rule(),
    ]


def test_tables_have_a_header_and_alignments() -> None:
    assert parse("|a|b|c|\n|-|:-:|-:|\n|1|**2**|3|") == [
        Table(
            ("left", "center", "right"),
            (
                ((Span("a"),), (Span("b"),), (Span("c"),)),
                ((Span("1"),), (Span("2", bold=True),), (Span("3"),)),
            ),
        )
    ]


@pytest.mark.parametrize(
    "raw",
    [
        "<img src='file://host/x.png'>",
        "<script>alert(1)</script>",
        "a <b style='background:url(//host/x)'>b</b>",
        "<table background='//host/x'><tr><td>x",
        "<!-- comment -->",
    ],
)
def test_raw_html_stays_text(raw: str) -> None:
    assert text_of(parse(raw)) == raw


@pytest.mark.parametrize(
    "address", ["file://host/share/x.png", "//host/x.png", "qrc:/x", "https://a.b/c.png", "x.png"]
)
def test_images_become_their_address_in_words(address: str) -> None:
    assert parse(f"![alt]({address})") == [Paragraph((Span(f"[image: {address}]"),))]


def test_the_address_of_an_image_is_cut_where_it_is_data() -> None:
    found = text_of(parse(f"![](data:image/png;base64,{'A' * 10_000})"))

    assert found.startswith("[image: data:image/png;base64,AAA")
    assert len(found) < 300


def test_only_safe_links_are_links_and_the_others_are_their_words() -> None:
    assert parse("[a](https://例子.com) [b](javascript:alert(1)) [c](file:///etc)") == [
        Paragraph((Span("a", link="https://xn--fsqu00a.com/"), Span(" b c")))
    ]


def test_bare_addresses_are_not_links() -> None:
    assert parse("see https://example.org") == [Paragraph((Span("see https://example.org"),))]


def test_direction_controls_in_code_are_spelt_out() -> None:
    assert parse("```c\nint a; /*\u202e } \u2066*/\n```") == [
        Code("int a; /*‹U+202E› } ‹U+2066›*/", "c")
    ]
    assert parse("`a\u202eb`") == [Paragraph((Span("a‹U+202E›b", code=True),))]


def test_characters_that_a_text_document_takes_for_its_own_marks_are_replaced() -> None:
    found = text_of(parse("a\ufdd0b\ufdd1c\ufffcd\x1b[31me\u2029f\x00g"))

    assert not set(found) & set("\ufdd0\ufdd1\ufffc\x1b\u2029\x00")
    assert found.startswith("a\ufffdb")


def test_what_shows_nothing_is_shown_as_it_is() -> None:
    assert text_of(parse("[1]: https://example.org")) == "[1]: https://example.org"


def test_too_deep_and_too_many_are_shown_as_plain_source() -> None:
    deep = ">" * 25 + " x"
    table = "|a|b|\n|-|-|\n" + "|1|2|\n" * 1_100
    line = "**a** " * 20_000

    assert parse(deep) == [Paragraph((Span(deep),))]
    assert text_of(parse(table)).replace("\n", "") == table.replace("\n", "")
    assert all(isinstance(part, Paragraph) for part in parse(table))
    assert text_of(parse(line)).replace("\n", "").startswith("**a** **a**")


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param("*a" * 5_000, id="emphasis"),
        pytest.param("[" * 10_000, id="brackets"),
        pytest.param("![[" * 3_300, id="image-brackets"),
        pytest.param("[a](" * 2_500, id="open-links"),
        pytest.param("`a" * 5_000, id="ticks"),
        pytest.param(">" * 10_000, id="quotes"),
        pytest.param("- " * 5_000, id="lists"),
        pytest.param("\n".join(" " * i + "- a" for i in range(140)), id="nested-lists"),
        pytest.param("<a@" * 3_300, id="autolinks"),
        pytest.param("_a " * 3_300, id="underscores"),
        pytest.param("[a]: b\n" * 1_400, id="definitions"),
        pytest.param("\\" * 10_000, id="escapes"),
        pytest.param("&a" * 5_000, id="entities"),
        pytest.param("x" * 1_000_000, id="endless-line"),
        pytest.param("```\n" * 2_500, id="fences"),
    ],
)
def test_hostile_text_costs_little(hostile: str) -> None:
    begin = time.process_time()
    parse(hostile)
    taken = time.process_time() - begin

    assert taken < 0.4 * max(1, len(hostile) / 10_000)


def test_highlighting_keeps_every_character_and_knows_the_language() -> None:
    code = 'def f(x: int) -> str:  # why\n    return "a" + str(1.5)\n'

    runs = list(highlight(code, "python"))

    assert "".join(text for _, text in runs) == code
    assert ("keyword", "def ") in runs
    assert ("comment", "# why\n    ") in runs
    assert language_name("cpp") == "C++"


def test_an_unknown_language_is_not_guessed() -> None:
    assert list(highlight("def f(): pass", "nonsense")) == [("", "def f(): pass")]
    assert language_name("nonsense") == "nonsense"
