"""A chat as HTML: all of it in one file, and nothing a model writes is more than words in it."""

from html.parser import HTMLParser

import pytest

from desktop.domain.carried import CarriedChat, CarriedMessage
from desktop.domain.chat import Role
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.history import Attachment, AttachmentKind
from desktop.services.chat_telling import Teller
from desktop.ui.chat_html import HtmlLook, html_of
from desktop.ui.html_parts import Typeset, no_typeset
from desktop.ui.typeset_child import answer as carry_out
from desktop.ui.typeset_messages import Drawn, Order, Reply

LOOK = HtmlLook({"canvas": "#ffffff", "keyword": "#8a3a9b"}, {"canvas": "#000000"})
HOSTILE = """
<script>alert(1)</script><img src="https://evil.test/x.png" onerror="x()">

![a](https://evil.test/y.png) ![b](file:///etc/passwd) [c](javascript:alert(1))

[d](https://good.test/"onmouseover="x) </style></details></article><iframe src=x>

`<b>` and **<i>**

```html
<script>x</script>
```

| <u> | b |
|---|---|
| </table> | <td> |

$</span><script>x</script>$

> - <li>
>   - [x] </ul>
"""
TASK = '<span class="task">'
TABLE = """\
<div class="wide"><table><tr><th>a</th><th class="right">b</th></tr>\
<tr><td>1</td><td class="right">2</td></tr></table></div>"""
VOID = {"meta", "hr", "br"}


class Reader(HTMLParser):
    """Checks that tags are closed in their order, and notes what there is."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def page(text: str, typeset: Typeset = no_typeset, **more: object) -> str:
    message = CarriedMessage("a", None, Role.ASSISTANT, text, **more)  # type: ignore[arg-type]
    return "".join(html_of(CarriedChat("T", (message,), "a"), Teller(), LOOK, typeset))


def body(text: str, typeset: Typeset = no_typeset) -> str:
    whole = page(text, typeset)
    return whole[whole.index("<article") : whole.index("</article>")].split("\n", 1)[1].strip()


def test_nothing_a_model_writes_becomes_more_than_words() -> None:
    user = CarriedMessage(
        "q",
        None,
        Role.USER,
        HOSTILE,
        attachments=(Attachment(AttachmentKind.FILE, "<b>.html", HOSTILE),),
    )
    model = CarriedMessage(
        "a", "q", Role.ASSISTANT, HOSTILE, reasoning=HOSTILE, model="<img src=x>"
    )
    tool = CarriedMessage("t", "a", Role.TOOL, HOSTILE)
    chat = CarriedChat(
        "<script>",
        (user, model, tool),
        "t",
        folder="<b>",
        settings=ChatSettings(system_prompt=HOSTILE),
    )

    read = Reader("".join(html_of(chat, Teller(), LOOK, carry_out)))

    assert not read.tags & {"script", "img", "iframe", "u", "b", "i", "link", "object", "base"}
    assert not [name for name, _ in read.attributes if name.startswith("on") or name == "src"]
    links = [value for name, value in read.attributes if name == "href"]
    assert all(link.startswith(("https://", "#n")) for link in links)
    assert "<script>alert(1)</script>" in "".join(read.words)


def test_nothing_is_loaded_from_elsewhere() -> None:
    text = page("a [link](https://good.test/x) and\n\n```python\nx\n```\n\n$a_b$", carry_out)

    assert "default-src 'none'" in text
    assert "url(" not in text
    assert "@import" not in text
    assert text.count("://") == 1


def test_light_and_dark_are_in_it() -> None:
    text = page("x")

    assert ":root { --canvas: #ffffff; --keyword: #8a3a9b; }" in text
    assert "@media (prefers-color-scheme: dark) { :root { --canvas: #000000; } }" in text


def test_what_markdown_says_is_there() -> None:
    text = body("# One\n\nA **b** *c* `d` ~~e~~ <https://x.test/>\n\n---\n\n> q")

    assert "<h3>One</h3>" in text
    assert "<strong>b</strong> <em>c</em> <code>d</code> <s>e</s>" in text
    assert '<a href="https://x.test/" rel="noopener noreferrer">' in text
    assert "<hr><blockquote><p>q</p></blockquote>" in text


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("- a\n- b", "<ul><li><p>a</p></li><li><p>b</p></li></ul>"),
        ("3. a\n4. b", '<ol start="3"><li><p>a</p></li><li><p>b</p></li></ol>'),
        (
            "- a\n  - b\n- c",
            "<ul><li><p>a</p><ul><li><p>b</p></li></ul></li><li><p>c</p></li></ul>",
        ),
        ("- a\n\n  more\n", "<ul><li><p>a</p><p>more</p></li></ul>"),
        ("1. a\n\n- b", "<ol><li><p>a</p></li></ol><ul><li><p>b</p></li></ul>"),
        (
            "- [x] a\n- [ ] b",
            f"<ul><li><p>{TASK}☑</span> a</p></li><li><p>{TASK}☐</span> b</p></li></ul>",
        ),
        ("> a\n>\n> > b", "<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote>"),
        (
            "| a | b |\n|---|--:|\n| 1 | 2 |",
            TABLE,
        ),
        (
            "- a\n  ```\n  x\n  ```\n\nb",
            "<ul><li><p>a</p><figure><pre><code>x</code></pre></figure></li></ul><p>b</p>",
        ),
    ],
)
def test_lists_quotes_and_tables_are_built(written: str, expected: str) -> None:
    assert body(written) == expected


def test_every_nesting_is_closed_as_it_was_opened() -> None:
    Reader(
        page("> - a\n>   1. b\n>      > c\n>      ```\n>      d\n\n- - - e\n\n1) f\n   * g\n\nh")
    )


def test_code_is_coloured() -> None:
    text = body("```python\nimport x  # 🙂 <why>\n```", carry_out)

    assert "<figcaption>Python</figcaption>" in text
    assert '<span class="keyword">import </span>' in text
    assert '<span class="comment"># 🙂 &lt;why&gt;</span>' in text


def test_code_without_colours_is_whole() -> None:
    assert "<pre><code>a &lt; b\nc</code></pre>" in body("```python\na < b\nc\n```")


def test_formulas_are_drawn_in_the_colour_of_text() -> None:
    text = body(r"so $\frac{a}{b}$ and" + "\n\n$$\\text{中文}$$", carry_out)

    assert text.count("<svg") == 2
    assert 'fill="currentColor"' in text
    assert "black" not in text
    assert 'aria-label="$\\frac{a}{b}$"' in text
    assert "中</text>" in text


def test_a_formula_that_cannot_be_drawn_shows_its_source() -> None:
    assert "<code>$a &lt; b$</code>" in body("$a < b$")


def test_a_drawing_holds_nothing_but_lines() -> None:
    def draw(_order: Order) -> Reply:
        svg = (
            '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1" onload="x()">'
            '<script>x</script><image href="https://evil.test"/><path d="M 0" style="x"/>'
            '<foreignObject><p xmlns="http://www.w3.org/1999/xhtml">y</p></foreignObject></svg>'
        )
        return Drawn(svg, 10, 8, 2)

    text = body("$a$", draw)

    assert '><path d="M 0"></path></svg>' in text
    assert "script" not in text
    assert "evil" not in text


def test_footnotes_of_each_message_are_its_own() -> None:
    messages = tuple(
        CarriedMessage(key, parent, Role.ASSISTANT, "a[^1]\n\n[^1]: note")
        for key, parent in (("a", None), ("b", "a"))
    )

    text = "".join(html_of(CarriedChat("T", messages, "b"), Teller(), LOOK))

    for number in (1, 2):
        assert f'<a href="#n{number}-1">' in text
        assert f'id="n{number}-1"' in text


def test_directions_that_would_mislead_about_a_name_are_spelt_out() -> None:
    file = Attachment(AttachmentKind.FILE, "exe.\u202efdp", "x")
    message = CarriedMessage(
        "q", None, Role.USER, "👨\u200d👩", model="x\u202ey", attachments=(file,)
    )

    text = "".join(html_of(CarriedChat("T", (message,), "q"), Teller(), LOOK))

    assert "\u202e" not in text
    assert "👨\u200d👩" in text
