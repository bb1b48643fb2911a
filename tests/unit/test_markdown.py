"""Markdown becomes values in which nothing is left to interpret. No Qt."""

import time

import pytest

from desktop.ui.code_languages import file_name, language_name
from desktop.ui.code_roles import ROLES
from desktop.ui.highlight import highlight, lines_of
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


@pytest.mark.parametrize(
    ("text", "address", "link"),
    [
        ("see https://example.org", "https://example.org", "https://example.org/"),
        ("(https://a.b/c_d(e)).", "https://a.b/c_d(e)", "https://a.b/c_d(e)"),
        ("**https://a.b/?q=1&r**!", "https://a.b/?q=1&r", "https://a.b/?q=1&r"),
        ("请看https://例子.com/路。好", "https://例子.com/路", "https://xn--fsqu00a.com/%E8%B7%AF"),
        ("http://[::1]:80/x, y", "http://[::1]:80/x", "http://[::1]:80/x"),
    ],
)
def test_a_bare_address_is_a_link_without_the_sentence_around_it(
    text: str, address: str, link: str
) -> None:
    (paragraph,) = parse(text)

    assert isinstance(paragraph, Paragraph)
    assert [(span.text, span.link) for span in paragraph.spans if span.link] == [(address, link)]


@pytest.mark.parametrize(
    "text",
    [
        "example.org",
        "www.example.org",
        "someone@example.org",
        "`https://example.org`",
        "https://",
        "https://user:word@example.org",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "[text https://a.b](javascript:alert(1))",
        "$https://a.b$",
    ],
)
def test_nothing_else_becomes_a_link_by_itself(text: str) -> None:
    (paragraph,) = parse(text)

    assert isinstance(paragraph, Paragraph)
    assert not any(span.link for span in paragraph.spans)


@pytest.mark.parametrize(
    ("text", "tex"),
    [
        ("a $x^2$ b", "x^2"),
        (r"a \(x\) b", "x"),
        ("设$x$是", "x"),
        (r"$a \$ b$", r"a \$ b"),
        ("- item $x$", "x"),
        ("**$x$**", "x"),
    ],
)
def test_formulas_within_text(text: str, tex: str) -> None:
    (paragraph,) = parse(text)

    assert isinstance(paragraph, Paragraph)
    assert [span.text for span in paragraph.spans if span.math] == [tex]


@pytest.mark.parametrize(
    "text",
    [
        "costs $5 and $6",
        "$5-$6",
        "from US$5 to US$6",
        "$HOME and $PATH",
        "$HOME/$USER",
        "`$x$`",
        r"`\(x\)`",
        "$a `b$` c$d",
        r"\$x\$",
        r"\\(x\\)",
        "$ x $",
        "$$",
        r"\(\)",
        "a $x",
        r"a \(x",
        "```\n$x$\n```",
    ],
)
def test_what_is_no_formula(text: str) -> None:
    for part in parse(text):
        assert not isinstance(part, Paragraph) or not any(span.math for span in part.spans)


@pytest.mark.parametrize(
    "text",
    [
        "$$x$$",
        "$$\nx\n$$",
        "\\[\nx\n\\]",
        "\\[x\\]",
        "  $$ x $$  ",
        "```math\nx\n```",
    ],
)
def test_a_formula_by_itself_is_a_paragraph_of_its_own(text: str) -> None:
    display = Paragraph((Span("x", math=True),), display=True)

    assert parse(text) == [display]
    assert parse(f"before\n{text}\nafter") == [
        Paragraph((Span("before"),)),
        display,
        Paragraph((Span("after"),)),
    ]


def test_an_environment_of_amsmath_is_a_formula() -> None:
    tex = "\\begin{align*}\nx &= 1 \\\\\ny &= 2\n\\end{align*}"

    assert parse(tex) == [Paragraph((Span(tex, math=True),), display=True)]


def test_lines_of_a_formula_are_no_lists_and_no_headings() -> None:
    assert parse("$$\na\n- b\n= c\n===\n$$") == [
        Paragraph((Span("a\n- b\n= c\n===", math=True),), display=True)
    ]


def test_formulas_in_a_table_stay_in_their_cell() -> None:
    assert parse("|a|\n|-|\n|$x$ $$y$$|") == [
        Table(
            ("left",),
            (((Span("a"),),), ((Span("x", math=True), Span(" "), Span("y", math=True)),)),
        )
    ]


@pytest.mark.parametrize("tex", ["x" * 3_000, "{" * 30 + "}" * 30, "a\u202eb"])
def test_a_formula_that_nobody_would_write_is_shown_as_code(tex: str) -> None:
    (paragraph,) = parse(f"${tex}$")

    assert isinstance(paragraph, Paragraph)
    assert [span.code for span in paragraph.spans] == [True]
    assert "\u202e" not in paragraph.spans[0].text


def test_of_very_many_formulas_in_one_paragraph_the_last_stay_source() -> None:
    (paragraph,) = parse("$x$ " * 500)

    assert isinstance(paragraph, Paragraph)
    assert sum(span.math for span in paragraph.spans) == 200
    assert sum(span.code for span in paragraph.spans) == 300


def test_tasks_know_whether_they_are_done() -> None:
    assert parse("- [ ] a\n- [x] **b**\n- [X] c\n- [y] d\n- [ ](https://a.b)\n\n1. [x] e") == [
        Paragraph((Span("a"),), depth=1, marker=0, done=False),
        Paragraph((Span("b", bold=True),), depth=1, marker=0, done=True),
        Paragraph((Span("c"),), depth=1, marker=0, done=True),
        Paragraph((Span("[y] d"),), depth=1, marker=0),
        Paragraph((Span(" ", link="https://a.b/"),), depth=1, marker=0),
        Paragraph((Span("[x] e"),), depth=1, marker=1),
    ]


def test_footnotes_are_numbered_as_they_are_met_and_their_words_stand_where_they_stood() -> None:
    assert parse("a[^z] b[^1] c[^z] [^0-9]\n\n[^1]: one\n\n[^z]: two\n\n    more") == [
        Paragraph(
            (
                Span("a"),
                Span("1", note=1),
                Span(" b"),
                Span("2", note=2),
                Span(" c"),
                Span("1", note=1),
                Span(" [^0-9]"),
            )
        ),
        Paragraph((Span("one"),), depth=1, marker=2, small=True),
        Paragraph((Span("two"),), depth=1, marker=1, small=True),
        Paragraph((Span("more"),), depth=1, small=True),
    ]


def test_names_of_emoji_become_the_emoji() -> None:
    assert text_of(parse(":smile: 😀 :nonsense: 10:100:20 `:smile:`")) == (
        "😄 😀 :nonsense: 10:100:20 :smile:"
    )


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
        pytest.param("$a" * 5_000, id="dollars"),
        pytest.param("$$" * 5_000, id="double-dollars"),
        pytest.param("$$\na\n" * 2_000, id="open-formulas"),
        pytest.param("\\(" * 5_000, id="open-brackets"),
        pytest.param("\\[\n" * 3_000, id="open-displays"),
        pytest.param("\\begin{align}\n" * 700, id="open-environments"),
        pytest.param("$" + "{" * 9_998 + "$", id="braces"),
        pytest.param("[^a]" * 2_500, id="notes"),
        pytest.param("[^a]: " * 1_600, id="nested-notes"),
        pytest.param("[^a]: b\n" * 1_200, id="note-definitions"),
        pytest.param("- [ ] a\n" * 1_200, id="tasks"),
        pytest.param("https://" * 1_200, id="addresses"),
        pytest.param("http://a" + ")" * 9_990, id="closing-brackets"),
        pytest.param(":a" * 5_000, id="colons"),
        pytest.param("|a" * 2_000 + "\n" + "|-" * 2_000 + "\n", id="columns"),
    ],
)
def test_hostile_text_costs_little(hostile: str) -> None:
    begin = time.process_time()
    parse(hostile)
    taken = time.process_time() - begin

    # A guard against what grows without bound: usually a tenth of it.
    assert taken < 2 * max(1, len(hostile) / 10_000)


def test_highlighting_keeps_every_character_and_knows_the_language() -> None:
    code = 'def f(x: int) -> str:  # why\n    return "a" + str(1.5)\n'

    runs = list(highlight(code, "python"))

    assert "".join(text for _, text in runs) == code
    assert ("keyword", "def ") in runs
    assert ("comment", "# why\n    ") in runs
    assert language_name("cpp") == "C++"


def test_the_runs_of_each_line_count_as_qt_does() -> None:
    assert lines_of('x = "😀"  # 中\n\nif', "python") == [
        [4, 6, ROLES.index("string"), 10, 3, ROLES.index("comment")],
        [],
        [0, 2, ROLES.index("keyword")],
    ]


def test_a_file_of_code_has_the_usual_name() -> None:
    assert file_name("python") == "code.py"
    assert file_name("C++").startswith("code.")
    assert file_name("makefile").lower() in {"code.mak", "code.mk", "makefile"}
    assert file_name("nonsense") == "code.txt"


def test_an_unknown_language_is_not_guessed() -> None:
    assert list(highlight("def f(): pass", "nonsense")) == [("", "def f(): pass")]
    assert language_name("nonsense") == "nonsense"
