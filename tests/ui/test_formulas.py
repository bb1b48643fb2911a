"""Formulas are drawn from their source, beside the window, and can do it no harm."""

import os
import threading

import psutil
import pytest
from PySide6.QtGui import QColor, QImage, QTextCursor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.domain.settings import Theme
from desktop.ui.formula_svg import renderer_of
from desktop.ui.markdown import parse
from desktop.ui.message_body import MessageBody
from desktop.ui.message_segments import TextRun
from desktop.ui.text_reading import plain_between
from desktop.ui.theme import apply_theme
from desktop.ui.tokens import DARK
from desktop.ui.typeset_child import answer
from desktop.ui.typeset_messages import Draw, Drawn, Refused
from desktop.ui.typeset_process import TypesetProcess
from desktop.ui.typesetter import Typesetter, typesetter


@pytest.fixture
def body(qtbot: QtBot, qapp: QApplication) -> MessageBody:
    apply_theme(qapp, Theme.LIGHT)
    one = MessageBody()
    qtbot.addWidget(one)
    one.resize(700, 500)
    one.show()
    return one


def run_of(body: MessageBody) -> TextRun:
    (run,) = [one for one in body.segments() if isinstance(one, TextRun)]
    return run


def show(qtbot: QtBot, body: MessageBody, text: str, formulas: int = 1) -> TextRun:
    with qtbot.waitSignals([typesetter().drawn] * formulas, timeout=30_000):
        body.show_parts(parse(text))
    return run_of(body)


def ink(image: QImage, colour: str) -> int:
    wanted = QColor(colour).rgb()
    return sum(
        image.pixel(x, y) == wanted for x in range(image.width()) for y in range(image.height())
    )


def test_a_formula_is_drawn_in_place_of_its_source(qtbot: QtBot, body: MessageBody) -> None:
    body.show_parts(parse(r"is $\frac{a}{b}$ so"))
    run = run_of(body)
    before = run.document().size().height()
    qtbot.waitUntil(lambda: run.document().size().height() != before, timeout=30_000)

    assert run.document().toPlainText() == "is \ufffc so"


def test_a_formula_is_copied_as_its_source(qtbot: QtBot, body: MessageBody) -> None:
    run = show(qtbot, body, "is $x^2$ so\n\n$$y$$", 2)

    assert plain_between(run.document(), 0, run.length) == "is $x^2$ so\n\n$$y$$"
    assert "x^2" in run.accessibleDescription()


def test_a_formula_has_the_colour_of_the_theme(
    qtbot: QtBot, qapp: QApplication, body: MessageBody
) -> None:
    run = show(qtbot, body, r"$$\rule{2em}{2em} + \square$$")
    apply_theme(qapp, Theme.DARK)
    qtbot.waitUntil(lambda: run.theme.text == DARK.text)

    assert ink(body.grab().toImage(), DARK.text) > 0
    apply_theme(qapp, Theme.LIGHT)


def test_what_cannot_be_drawn_stays_as_its_source(qtbot: QtBot, body: MessageBody) -> None:
    run = show(qtbot, body, r"is $\nonsense{x}$ so")

    assert isinstance(typesetter().formula(Draw(r"\nonsense{x}", 14 * 1.2, False)), Refused)
    assert run.document().toPlainText() == "is \ufffc so"


def test_a_formula_that_is_wider_than_the_column_shrinks(qtbot: QtBot, body: MessageBody) -> None:
    run = show(qtbot, body, "$$" + " + ".join(f"x_{{{n}}}" for n in range(60)) + "$$")

    assert run.document().idealWidth() <= run.viewport().width() + 1


def test_a_formula_comes_only_once_from_the_process(qtbot: QtBot) -> None:
    order = Draw("x", 16, False)
    assert typesetter().formula(order) is None or isinstance(typesetter().formula(order), Drawn)
    qtbot.waitUntil(lambda: typesetter().formula(order) is not None, timeout=30_000)

    assert isinstance(typesetter().formula(order), Drawn)


def test_nothing_is_heard_of_a_formula_whose_message_is_gone(qtbot: QtBot) -> None:
    body = MessageBody()
    with qtbot.waitSignal(typesetter().drawn, timeout=30_000):
        body.show_parts(parse("$z_{17}$"))
        body.deleteLater()
        QApplication.sendPostedEvents(body, 0)


def test_the_process_ends_when_nothing_is_asked_of_it(qtbot: QtBot) -> None:
    quick = Typesetter(idle_seconds=0.05)
    with qtbot.waitSignal(quick.drawn, timeout=30_000):
        quick.formula(Draw("q", 16, False))
    before = quick._thread
    if before is not None:
        before.join(5)

    assert quick._process is None
    assert quick._thread is None


def test_an_order_that_comes_while_the_idle_process_ends_gets_a_new_one(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending, has_ordered = threading.Event(), threading.Event()
    close = TypesetProcess.close

    def close_late(process: TypesetProcess) -> None:
        ending.set()
        assert has_ordered.wait(30)
        close(process)

    monkeypatch.setattr(TypesetProcess, "close", close_late)
    one = Typesetter(idle_seconds=0.05)
    with qtbot.waitSignal(one.drawn, timeout=30_000):
        one.formula(Draw("u", 16, False))
    qtbot.waitUntil(ending.is_set, timeout=30_000)
    with qtbot.waitSignal(one.drawn, timeout=30_000):
        one.formula(Draw("v", 16, False))
        has_ordered.set()

    assert isinstance(one.formula(Draw("v", 16, False)), Drawn)
    one.close()


def test_what_closing_interrupts_is_drawn_when_it_is_wanted_again(qtbot: QtBot) -> None:
    one = Typesetter()
    order = Draw("w", 16, False)
    one.formula(order)
    one.close()
    assert one.is_idle
    QApplication.processEvents()

    if one.formula(order) is None:
        with qtbot.waitSignal(one.drawn, timeout=30_000):
            pass
    assert isinstance(one.formula(order), Drawn)
    one.close()


def test_a_process_that_dies_costs_one_order_and_the_next_gets_a_new_one(qtbot: QtBot) -> None:
    one = Typesetter()
    with qtbot.waitSignal(one.drawn, timeout=30_000):
        one.formula(Draw("a", 16, False))
    process = one._process
    assert process is not None
    children = psutil.Process(os.getpid()).children()
    process.kill()
    psutil.wait_procs(children, timeout=5)

    with qtbot.waitSignal(one.drawn, timeout=30_000):
        one.formula(Draw("b", 16, False))
    with qtbot.waitSignal(one.drawn, timeout=30_000):
        one.formula(Draw("c", 16, False))

    assert isinstance(one.formula(Draw("b", 16, False)), Refused)
    assert isinstance(one.formula(Draw("c", 16, False)), Drawn)
    one.close()


@pytest.mark.parametrize(
    "svg",
    [
        '<svg><image href="file:///etc/passwd"/></svg>',
        '<svg xmlns:xlink="x"><use xlink:href="//host/x"/></svg>',
        '<svg><path d="M 0 0" style="fill:url(file:///x)"/></svg>',
        "<svg><style>@import '//host/x'</style></svg>",
        '<svg><a href="x"><path d="M 0 0"/></a></svg>',
        '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg><text>&x;</text></svg>',
    ],
)
def test_a_drawing_that_is_more_than_lines_is_not_drawn(svg: str) -> None:
    assert not renderer_of(svg, QColor("#123456"), ["Sans"]).isValid()


def test_lines_are_drawn() -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M 0 0 L 9 9"/></svg>'
    )

    assert renderer_of(svg, QColor("#123456"), ["Sans"]).isValid()


@pytest.mark.parametrize(
    "tex",
    [
        r"\frac{",
        "^",
        r"\left(",
        "&&&",
        r"\\" * 500,
        "{" * 900,
        "x^" * 500,
        r"\sqrt{" * 300 + "}" * 300,
        r"\def\a{\a}\a",
        r"\href{file:///etc/passwd}{x}",
        r"\includegraphics{/etc/passwd}",
        "<script>alert(1)</script>",
        "&lt;image href='x'/&gt;",
        "\x00",
    ],
)
def test_hostile_tex_gives_lines_or_nothing(tex: str) -> None:
    found = answer(Draw(tex, 16, True))

    if isinstance(found, Drawn):
        assert renderer_of(found.svg, QColor("black"), []).isValid()
    else:
        assert isinstance(found, Refused)


def test_chinese_in_a_formula_is_text_of_the_drawing() -> None:
    found = answer(Draw(r"\text{速度} = v", 16, False))

    assert isinstance(found, Drawn)
    assert ">速</text>" in found.svg


def test_a_selection_over_a_formula_is_kept_when_its_drawing_comes(
    qtbot: QtBot, body: MessageBody
) -> None:
    with qtbot.waitSignal(typesetter().drawn, timeout=30_000):
        body.show_parts(parse("one $k_9$ two"))
        run = run_of(body)
        cursor = QTextCursor(run.document())
        cursor.setPosition(run.length, QTextCursor.MoveMode.KeepAnchor)
        run.setTextCursor(cursor)

    assert run.textCursor().selectionEnd() == run.length


@pytest.mark.parametrize("before", ["", r"\int_0^1 ", r"\frac{a}{\frac{b}{c}} "])
def test_the_baseline_of_a_formula_is_that_of_the_text(
    qtbot: QtBot, body: MessageBody, before: str
) -> None:
    run = show(qtbot, body, f"x ${before}x$ x")
    image = run.viewport().grab().toImage()
    cursor = QTextCursor(run.document())

    def lowest(left: int, right: int) -> int:
        dark = [
            y
            for y in range(image.height())
            for x in range(left, right)
            if QColor(image.pixel(x, y)).lightness() < 128
        ]
        return max(dark)

    cursor.setPosition(3)
    end = run.cursorRect(cursor).left()
    cursor.setPosition(1)
    assert abs(lowest(0, run.cursorRect(cursor).left()) - lowest(end - 6, end)) <= 1
