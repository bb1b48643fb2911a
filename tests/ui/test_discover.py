"""The Discover tab: what its cards say, what a search shows, and what a press asks for."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from desktop.domain.download import DownloadPhase
from desktop.domain.errors import RepositoryNotFound, Unreachable
from desktop.domain.model import FitLevel
from desktop.domain.repository import Gate, SearchResult, SourceKind
from desktop.domain.settings import Theme
from desktop.domain.text import Text
from desktop.ui.discover_feed import (
    CardFacts,
    GetState,
    Here,
    Stage,
    card_facts,
    families,
    good_here,
    in_family,
)
from desktop.ui.discover_tab import DiscoverTab
from desktop.ui.get_button import GetButton, Wish
from desktop.ui.hit_row import HitRow, compact
from desktop.ui.labels import PlainLabel
from desktop.ui.licences import licence_page, licence_title
from desktop.ui.model_card import ModelCard
from desktop.ui.search_line import looks_like_reference
from desktop.ui.text_lines import text_lines
from desktop.ui.theme import apply_theme
from tests.ui.model_samples import (
    advice,
    bury,
    cards,
    catalogue,
    download,
    entry,
    hit,
    listed,
    picks,
)
from tests.ui.transcripts import double_click

_GEMMA = "gemma-2-9b-it"


@pytest.fixture
def tab(qtbot: QtBot, qapp: QApplication) -> Iterator[DiscoverTab]:
    apply_theme(qapp, Theme.LIGHT)
    one = DiscoverTab()
    qtbot.addWidget(one)
    one.set_finder(lambda words: [model.id for model in catalogue().search(words)])
    one.set_cards(cards(), picks())
    one.resize(832, 640)
    one.show()
    qtbot.waitExposed(one)
    yield one
    bury(one)
    apply_theme(qapp, Theme.LIGHT)


def _type(tab: DiscoverTab, words: str) -> None:
    tab.line._field.setText(words)


def _seen(tab: DiscoverTab) -> set[str]:
    return {label.text() for label in tab.findChildren(PlainLabel) if label.isVisible()}


def _hits(tab: DiscoverTab) -> list[str]:
    return [row.hit.name for row in tab.found.hits]


def _card(facts: CardFacts, qtbot: QtBot, width: int = 380) -> ModelCard:
    card = ModelCard(facts)
    qtbot.addWidget(card)
    card.resize(width, card.heightForWidth(width))
    card.show()
    return card


def _facts(name: str) -> CardFacts:
    return next(card for card in cards() if card.id == name)


# The values


def test_a_card_says_what_the_catalogue_and_the_advice_say() -> None:
    model = listed(_GEMMA)
    best = advice(model).recommended
    assert best is not None
    card = _facts(_GEMMA)

    assert (card.name, card.words) == (model.name, model.words["en"])
    assert (card.advice, card.size, card.fit) == (
        best,
        best.size,
        best.fit.level,
    )
    assert card.can_get
    assert card.must_accept
    chinese = next(each for each in cards(language="zh_CN") if each.id == _GEMMA)
    assert chinese.words == model.words["zh_CN"]


def test_a_model_without_known_sizes_has_a_card_that_promises_nothing() -> None:
    card = card_facts(listed(_GEMMA), None, Here(), "en")
    assert (card.fit, card.size, card.can_get) == (None, 0, False)


def test_a_size_that_was_guessed_is_shown_as_a_guess(qtbot: QtBot) -> None:
    model = next(one for one in catalogue().models if not one.files)
    card = _card(_facts(model.id), qtbot)

    assert card.facts.is_estimate
    assert "≈ " in card._size_words()
    assert not _facts(_GEMMA).is_estimate


@pytest.mark.parametrize(
    ("phase", "stage"),
    [
        (DownloadPhase.QUEUED, Stage.WAITING),
        (DownloadPhase.RESOLVING, Stage.RUNNING),
        (DownloadPhase.STALLED, Stage.RUNNING),
        (DownloadPhase.VERIFYING, Stage.RUNNING),
        (DownloadPhase.PAUSED, Stage.PAUSED),
        (DownloadPhase.FAILED, Stage.FAILED),
        (DownloadPhase.DONE, Stage.INSTALLED),
    ],
)
def test_the_phase_of_a_download_is_the_state_of_its_quantisation(
    phase: DownloadPhase, stage: Stage
) -> None:
    here = Here([download("Acme/One-GGUF", "sub/One-Q4_K_M.gguf", phase, 43)])

    state = here.state(["acme/one-gguf"], "One", "Q4_K_M")
    assert (state.stage, state.share, state.order) == (stage, 0.43, "key")
    assert here.state(["acme/one-gguf"], "One", "Q4_K") == GetState()
    assert here.state(["acme/other"], "One", "Q4_K_M") == GetState()


def test_files_that_are_here_are_found_by_their_repository_or_their_name() -> None:
    here = Here(
        entries=[
            entry("whatever-Q6_K-00001-of-00003", "Acme/One-GGUF"),
            entry("gemma-2-9b-it-Q5_K_M"),
        ]
    )

    assert here.state(["acme/One-GGUF"], "One", "Q6_K").stage is Stage.INSTALLED
    assert here.state(["acme/One-GGUF"], "One", "Q8_0").stage is Stage.OFFERED
    assert here.state([], "Gemma-2-9B-it", "Q5_K_M").stage is Stage.INSTALLED
    assert here.state([], "Gemma-2-9B-it", "Q4_K_M").stage is Stage.OFFERED
    assert here.any_state(listed(_GEMMA)).stage is Stage.INSTALLED


def test_what_moves_is_shown_before_what_is_installed() -> None:
    model = listed(_GEMMA)
    repository = model.repositories[0]
    moving = download(repository, "g-Q8_0.gguf", DownloadPhase.DOWNLOADING, 10)
    here = Here([moving], [entry("g-Q4_K_M", repository)])

    assert here.any_state(model).stage is Stage.RUNNING
    assert here.state(model.repositories, model.name, "Q4_K_M").stage is Stage.INSTALLED


def test_what_fits_now_stands_before_what_asks_to_close_programs() -> None:
    shown = good_here(cards(), picks())
    levels = [card.fit for card in shown]

    assert 0 < len(shown) <= 6
    assert levels == sorted(levels, key=lambda level: level is not FitLevel.FITS)
    assert all(card.can_get and card.id in picks() for card in shown)
    assert good_here(cards(), ["no-such-model"]) == ()


def test_a_family_is_narrowed_down_to_and_old_models_come_last() -> None:
    every = cards()
    names = families(every)
    assert "Gemma 2" in names
    assert len(names) == len(set(names))
    assert {card.family for card in in_family(every, "Gemma 2")} == {"Gemma 2"}
    standings = [card.standing == "legacy" for card in in_family(every, "")]
    assert standings == sorted(standings)


# What is painted


def test_every_card_shows_all_its_words_at_every_width(qtbot: QtBot) -> None:
    for language in ("en", "zh_CN"):
        for facts in cards(language=language):
            card = ModelCard(facts)
            for width in (336, 380, 520):
                card.resize(width, card.heightForWidth(width))
                assert not any("…" in line for line in card._lines), (facts.id, width)
                bottom = card._places[-1].bottom()
                assert bottom < card._get.geometry().top(), facts.id
            bury(card)


def test_lines_break_and_only_the_last_one_is_cut(qapp: QApplication) -> None:
    font = qapp.font()
    assert text_lines("", font, 100, 2) == []
    assert text_lines("short", font, 200, 2) == ["short"]
    english = text_lines("one two three four five six seven eight nine ten", font, 90, 2)
    chinese = text_lines("中文没有空格也要换行" * 4, font, 90, 2)
    faces = text_lines("😀😀😀 👍 " * 20, font, 90, 2)
    for lines in (english, chinese, faces):
        assert len(lines) == 2
        assert "…" not in lines[0]
        assert lines[1].endswith("…")
    assert english[0].startswith("one two")


def test_a_card_tells_a_screen_reader_all_that_it_paints(qtbot: QtBot) -> None:
    facts = _facts("qwen3.5-9b")
    card = _card(facts, qtbot)
    told = card.accessibleDescription()

    assert card.accessibleName() == facts.name
    for words in (
        facts.words,
        "Runs on the processor, about",
        "GB",
        "Pictures",
        "Thinking",
        "Chinese",
        "256K",
    ):
        assert words in told, words


def test_chips_and_badge_explain_themselves(qtbot: QtBot) -> None:
    card = _card(_facts("qwen3.5-9b"), qtbot)

    assert "attach" in card._hint_at(card._places[1].center())
    assert "are free" in card._hint_at(card._badge_place().center())
    assert "tokens/s. People read" in card._hint_at(card._badge_place().center())
    assert "KV cache" in card._hint_at(card._bar_place().center())
    assert "262,144" in card._hint_at(card._context_place().center())
    assert card._hint_at(QPoint(20, 40)) == ""
    assert not QToolTip.isVisible()


def test_a_card_is_painted_in_both_themes(qtbot: QtBot, qapp: QApplication) -> None:
    card = _card(_facts(_GEMMA), qtbot)
    pictures = []
    for theme in (Theme.LIGHT, Theme.DARK):
        apply_theme(qapp, theme)
        pictures.append(card.grab().toImage())
    apply_theme(qapp, Theme.LIGHT)

    assert pictures[0].pixelColor(8, 60).lightness() > 240
    assert pictures[1].pixelColor(8, 60).lightness() < 60


# The button


@pytest.mark.parametrize(
    ("stage", "words", "wish"),
    [
        (Stage.OFFERED, "Get", Wish.GET),
        (Stage.WAITING, "Waiting", Wish.PAUSE),
        (Stage.RUNNING, "43 %", Wish.PAUSE),
        (Stage.PAUSED, "Resume", Wish.RESUME),
        (Stage.FAILED, "Try again", Wish.RESUME),
        (Stage.INSTALLED, "Installed", Wish.SHOW),
    ],
)
def test_one_button_goes_all_the_way(qtbot: QtBot, stage: Stage, words: str, wish: Wish) -> None:
    button = GetButton()
    qtbot.addWidget(button)
    width = button.sizeHint().width()
    button.set_state("Gemma", GetState(stage, 0.439, "key"))
    button.resize(button.sizeHint())
    button.show()

    assert button._words == words, "rounded down: nothing looks finished before it is"
    assert "Gemma" in button.accessibleName()
    assert button.sizeHint().width() == width, "it does not jump"
    with qtbot.waitSignal(button.wished) as asked:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    order = "key" if wish in {Wish.PAUSE, Wish.RESUME} else ""
    assert asked.args == [wish, order]


def test_a_double_click_gets_and_does_not_pause_what_it_got(qtbot: QtBot) -> None:
    button = GetButton()
    qtbot.addWidget(button)
    wishes: list[Wish] = []
    button.wished.connect(lambda wish, _key: wishes.append(wish))
    button.wished.connect(lambda *_: button.set_state("Gemma", GetState(Stage.WAITING, 0.0, "key")))
    button.set_state("Gemma", GetState())
    button.resize(button.sizeHint())
    button.show()
    double_click(qtbot, button)

    assert wishes == [Wish.GET]


def test_get_on_a_card_fetches_or_shows_the_terms_first(qtbot: QtBot) -> None:
    free, bound = _card(_facts("qwen3.5-9b"), qtbot), _card(_facts(_GEMMA), qtbot)

    with qtbot.waitSignal(free.wished) as asked:
        free._get.click()
    assert asked.args == ["qwen3.5-9b", Wish.GET, ""]
    with qtbot.assertNotEmitted(bound.wished), qtbot.waitSignal(bound.opened) as opened:
        bound._get.click()
    assert opened.args == [_GEMMA]

    bound.set_facts(replace(bound.facts, must_accept=False))
    with qtbot.waitSignal(bound.wished):
        bound._get.click()


def test_what_cannot_be_recommended_has_no_get_but_a_page(qtbot: QtBot) -> None:
    card = _card(_facts("llama-3.3-70b-instruct"), qtbot)

    assert card._get.isHidden()
    assert "Too big by" in card.accessibleDescription()
    with qtbot.waitSignal(card.opened):
        qtbot.mouseClick(card, Qt.MouseButton.LeftButton, pos=QPoint(30, 30))


# The tab


def test_the_catalogue_is_there_without_a_network(tab: DiscoverTab) -> None:
    assert len(tab.browse.all.cards) == len(catalogue().models)
    assert [card.facts.id for card in tab.browse.good.cards] == [
        card.id for card in good_here(cards(), picks())
    ]
    assert {"Good on this computer", "All models"} <= _seen(tab)


def test_a_family_can_be_chosen(tab: DiscoverTab) -> None:
    button = tab.browse._family
    button.setFocus()
    QTest.keyClick(button, Qt.Key.Key_Down)
    action = next(each for each in button._menu.actions() if each.text() == "Gemma 2")
    action.trigger()

    assert button.accessibleName() == "Family: Gemma 2"
    assert {card.facts.family for card in tab.browse.all.cards} == {"Gemma 2"}
    tab.set_cards(cards(), picks())
    assert {card.facts.family for card in tab.browse.all.cards} == {"Gemma 2"}, "it stays"


def test_progress_changes_a_card_and_keeps_it(tab: DiscoverTab) -> None:
    model = listed("qwen3.5-9b")
    before = {card.facts.id: card for card in tab.browse.all.cards}
    here = Here([download(model.repositories[0], "x-Q4_K_M.gguf", DownloadPhase.DOWNLOADING, 43)])
    tab.set_cards(cards(here), picks())

    after = {card.facts.id: card for card in tab.browse.all.cards}
    assert before == after
    assert after[model.id]._get.state.stage is Stage.RUNNING


@pytest.mark.parametrize("width", [512, 832, 1180])
def test_cards_lie_beside_and_below_each_other(tab: DiscoverTab, width: int) -> None:
    tab.resize(width, 640)
    QApplication.processEvents()
    grid = tab.browse.all
    places = [card.geometry() for card in grid.cards]

    assert all(grid.rect().contains(place) for place in places)
    assert not any(a.intersects(b) for i, a in enumerate(places) for b in places[i + 1 :])
    assert grid.height() == grid.heightForWidth(grid.width())


def test_arrow_keys_walk_through_the_cards_and_enter_opens(tab: DiscoverTab, qtbot: QtBot) -> None:
    qtbot.keyClick(tab.line._field, Qt.Key.Key_Down)
    good = tab.browse.good.cards
    assert tab.focusWidget() is good[0]
    qtbot.keyClick(good[0], Qt.Key.Key_Right)
    assert tab.focusWidget() is good[1]
    qtbot.keyClick(good[1], Qt.Key.Key_Down)
    assert tab.focusWidget() is good[3], "two columns at this width"
    with qtbot.waitSignal(tab.model_opened) as opened:
        qtbot.keyClick(good[3], Qt.Key.Key_Space)
    assert opened.args == [good[3].facts.id]


def test_a_card_that_gets_the_focus_is_scrolled_into_view(tab: DiscoverTab, qtbot: QtBot) -> None:
    every = tab.browse.all.cards
    every[0].setFocus()
    for card in every[0:20:2]:
        qtbot.keyClick(card, Qt.Key.Key_Down)
    focused = tab.focusWidget()
    assert isinstance(focused, ModelCard)
    top = focused.mapTo(tab.browse.viewport(), QPoint(0, 0)).y()

    assert 0 <= top <= tab.browse.viewport().height()


# Searching


def test_letters_are_merged_into_one_search(tab: DiscoverTab, qtbot: QtBot) -> None:
    asked: list[str] = []
    tab.search_requested.connect(asked.append)
    with qtbot.waitSignal(tab.search_requested):
        qtbot.keyClicks(tab.line._field, "gemma 2")

    assert asked == ["gemma 2"]
    assert "Searching…" in _seen(tab)
    assert all("gemma" in card.facts.id for card in tab.found.grid.cards)
    assert len(tab.found.grid.cards) == 4
    tab.found._all.click()
    assert len(tab.found.grid.cards) == len(catalogue().search("gemma 2"))


def test_enter_asks_at_once_and_the_same_only_once(tab: DiscoverTab, qtbot: QtBot) -> None:
    asked: list[str] = []
    tab.search_requested.connect(asked.append)
    _type(tab, "phi")
    qtbot.keyClick(tab.line._field, Qt.Key.Key_Return)
    qtbot.keyClick(tab.line._field, Qt.Key.Key_Return)
    assert asked == ["phi"]

    _type(tab, "ph")
    _type(tab, "phi")
    qtbot.keyClick(tab.line._field, Qt.Key.Key_Return)
    assert asked == ["phi", "phi"], "what was shown is gone, so it is asked again"


@pytest.mark.parametrize(
    ("typed", "is_one"),
    [
        ("bartowski/gemma-2-9b-it-GGUF", True),
        ("https://huggingface.co/a/b", True),
        ("hf.co/a/b:Q4_K_M", True),
        ("gemma 2", False),
        ("gemma/", False),
        ("code and/or maths", False),
    ],
)
def test_a_name_with_an_owner_or_a_link_is_no_search(typed: str, is_one: bool) -> None:
    assert looks_like_reference(typed) is is_one


def test_a_name_that_is_typed_waits_for_enter(tab: DiscoverTab, qtbot: QtBot) -> None:
    field = tab.line._field
    with qtbot.assertNotEmitted(tab.reference_pasted, wait=500):
        qtbot.keyClicks(field, "acme/One-GGUF")
    with qtbot.waitSignal(tab.reference_pasted, timeout=100) as opened:
        qtbot.keyClick(field, Qt.Key.Key_Return)
    assert opened.args == ["acme/One-GGUF"]


def test_a_link_that_is_pasted_is_opened(tab: DiscoverTab, qtbot: QtBot) -> None:
    with (
        qtbot.assertNotEmitted(tab.search_requested),
        qtbot.waitSignal(tab.reference_pasted) as pasted,
    ):
        _type(tab, " acme/One-GGUF ")
    assert pasted.args == ["acme/One-GGUF"]
    assert "Opening…" in _seen(tab)

    tab.show_error("acme/One-GGUF", RepositoryNotFound(Text("No such one"), Text("Look again.")))
    assert {"No such one", "Look again."} <= _seen(tab)


def test_hits_are_shown_and_late_ones_are_not(tab: DiscoverTab, qtbot: QtBot) -> None:
    _type(tab, "qwen")
    tab.show_result("gemma", SearchResult((hit("late/One"),)))
    assert not tab.found.grid.isHidden()
    assert _hits(tab) == []

    tab.show_result("qwen", SearchResult((hit("acme/Two"), hit("acme/Three")), has_more=True))
    assert _hits(tab) == ["acme/Two", "acme/Three"]
    assert "On Hugging Face" in _seen(tab)
    with qtbot.waitSignal(tab.hit_opened) as opened:
        tab.found.hits[1].click()
    assert opened.args == [hit("acme/Three")]

    first = tab.found.hits[0]
    with qtbot.waitSignal(tab.more_requested) as more:
        tab.found._more.click()
    assert more.args == ["qwen"]
    three = tuple(hit(f"acme/{name}") for name in ("Two", "Three", "Four"))
    tab.show_result("qwen", SearchResult(three))
    assert len(tab.found.hits) == 3
    assert tab.found.hits[0] is first, "what is there already stays, with the focus on it"
    assert tab.found._more.isHidden()


def test_nothing_found_says_so_and_offers_another_way(tab: DiscoverTab) -> None:
    _type(tab, "zzzz")
    tab.show_result("zzzz", SearchResult())

    assert any(words.startswith("Nothing found") for words in _seen(tab))
    assert tab.found.grid.isHidden()


def test_without_a_network_the_catalogue_still_answers(tab: DiscoverTab, qtbot: QtBot) -> None:
    _type(tab, "gemma 2 9b")
    tab.show_error("gemma 2 9b", Unreachable(Text("Name not resolved"), Text("x")))

    assert "No connection to Hugging Face" in _seen(tab)
    assert "The catalogue works without a network; a search needs one." in _seen(tab)
    assert tab.found.grid.cards[0].facts.id == _GEMMA
    with qtbot.waitSignal(tab.search_requested):
        tab.found._retry.click()


def test_another_source_is_asked_the_same_words(tab: DiscoverTab, qtbot: QtBot) -> None:
    _type(tab, "qwen")
    menu = tab.line._source._menu
    menu.aboutToShow.emit()
    action = next(each for each in menu.actions() if each.text() == "ModelScope")
    with (
        qtbot.waitSignal(tab.source_chosen) as chosen,
        qtbot.waitSignal(tab.search_requested) as asked,
    ):
        action.trigger()

    assert chosen.args == [SourceKind.MODELSCOPE]
    assert asked.args == ["qwen"]
    assert "On ModelScope" in _seen(tab)
    assert tab.line._source.accessibleName() == "Where to search: ModelScope"


def test_esc_clears_the_search_and_the_catalogue_is_back(tab: DiscoverTab, qtbot: QtBot) -> None:
    _type(tab, "qwen")
    assert tab.found.isVisible()
    qtbot.keyClick(tab.line._field, Qt.Key.Key_Escape)

    assert tab.line.words == ""
    assert tab.browse.isVisible()


def test_hostile_names_are_shown_as_they_are(qtbot: QtBot) -> None:
    row = HitRow(hit("evil/<b>Bold</b>\u202egnp.FUGG", Gate.MANUAL))
    qtbot.addWidget(row)
    row.resize(400, row.sizeHint().height())
    row.show()
    row.grab()

    assert row.accessibleName() == "evil/<b>Bold</b>‹U+202E›gnp.FUGG"
    assert "&lt;b&gt;" in row.toolTip()
    assert "Terms to accept" in row.accessibleDescription()


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0"), (812, "812"), (1000, "1k"), (34_567, "35k"), (1_234_567, "1.2M")],
)
def test_large_counts_are_short(count: int, words: str) -> None:
    assert compact(count) == words


def test_licences_have_names_and_pages(qapp: QApplication) -> None:
    assert licence_title("apache-2.0") == "Apache 2.0"
    assert licence_title("llama3.1") == "Llama 3.1 terms"
    assert licence_title("") == "Licence unknown"
    assert licence_title("<b>own</b>") == "<b>own</b>"
    assert licence_page("gemma", "https://m") == "https://ai.google.dev/gemma/terms"
    assert licence_page("own", "https://m") == "https://m"
