"""Guards for the guide's corpus: well formed, bilingual, and apart from the evaluation."""

from __future__ import annotations

import importlib.util
import json
import random
import sys
from pathlib import Path
from types import ModuleType

import pytest

GUIDE = Path(__file__).resolve().parents[2] / "resources" / "guide"
EVALUATION = GUIDE / "evaluation.jsonl"
MODEL = GUIDE / "guide.gguf"
LIMIT_BYTES = 25_000_000
ONLY_THE_GUIDE = {"en": "only the guide", "zh": "只是向导"}
CHOOSE = {"en": "Choose a model", "zh": "选择模型"}


def script(name: str) -> ModuleType:
    """Load a module of ``resources/guide``, which is a script directory and no package."""
    spec = importlib.util.spec_from_file_location(f"lapis_guide_{name}", GUIDE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def corpus() -> ModuleType:
    return script("corpus")


@pytest.fixture(scope="module")
def copying() -> ModuleType:
    return script("copying")


def test_groups_are_well_formed() -> None:
    for path in sorted((GUIDE / "corpus").glob("[0-9]*.json")):
        group = json.loads(path.read_text(encoding="utf-8"))
        assert set(group) == {"group", "topics"}, path.name
        for topic in group["topics"]:
            assert set(topic) == {"id", "answers", "questions"}, path.name


def test_topics_have_answers_and_questions_in_both_languages(corpus: ModuleType) -> None:
    topics = corpus.load_topics()
    assert len({topic.id for topic in topics}) == len(topics) >= 60
    for topic in topics:
        assert set(topic.answers) == set(topic.questions) == set(corpus.LANGUAGES), topic.id
        for language in corpus.LANGUAGES:
            assert topic.answers[language].strip() == topic.answers[language] != "", topic.id
            assert len(topic.questions[language]) >= 10, (topic.id, language)


def test_answers_are_unique_so_that_a_question_has_one_right_answer(corpus: ModuleType) -> None:
    for language in corpus.LANGUAGES:
        answers = [topic.answers[language] for topic in corpus.load_topics()]
        assert len(set(answers)) == len(answers)


def test_patterns_parse_and_are_never_empty(corpus: ModuleType) -> None:
    slots = corpus.load_slots()
    for topic in corpus.load_topics():
        for language in corpus.LANGUAGES:
            for pattern in topic.questions[language]:
                assert corpus.count(corpus.parse(pattern, slots)) >= 1
                assert pattern.strip(), (topic.id, language)


def test_pattern_notation(corpus: ModuleType) -> None:
    parts = corpus.parse("[a|b[|c]] {x}", {"x": ["1", "2"]})
    assert corpus.count(parts) == 6
    assert set(corpus.expand(parts)) == {"a 1", "a 2", "b 1", "b 2", "bc 1", "bc 2"}
    with pytest.raises(ValueError, match="unbalanced"):
        corpus.parse("a]", {})
    with pytest.raises(ValueError, match="missing"):
        corpus.parse("[a", {})


def test_off_topic_answers_name_the_way_out(corpus: ModuleType) -> None:
    topic = next(t for t in corpus.load_topics() if t.id == corpus.OFF_TOPIC)
    for language in corpus.LANGUAGES:
        assert ONLY_THE_GUIDE[language] in topic.answers[language]
        assert CHOOSE[language] in topic.answers[language]


def test_the_literal_hotkey_question_is_taught(corpus: ModuleType) -> None:
    matcher = corpus.Matcher(corpus.load_topics(), corpus.load_slots())
    assert matcher.knows("How do I change the hotkey?")
    assert matcher.knows("如何修改快捷键")
    assert not matcher.knows("How do I change the hotkey of another program?")


def test_no_evaluation_question_is_a_training_phrasing(corpus: ModuleType) -> None:
    if not EVALUATION.exists():
        pytest.skip("no evaluation file")
    matcher = corpus.Matcher(corpus.load_topics(), corpus.load_slots())
    taught = []
    for line in EVALUATION.read_text(encoding="utf-8").splitlines():
        if line.strip():
            question = json.loads(line)
            if matcher.knows(question["question"]):
                taught.append(question["id"])
    assert not taught, f"evaluation questions that are training phrasings: {taught}"


def test_what_is_to_be_written_again_is_the_text_that_was_shown(copying: ModuleType) -> None:
    book = copying.Copybook(["The lamp is lit. "], random.Random(1))
    for longest in (copying.LONGEST_FIRST, copying.LONGEST):
        book.longest = longest
        lengths = []
        for _ in range(200):
            copy = book.draw()
            task = next(task for task in copying.TASKS if copy.asked.startswith(task))
            assert copy.asked.removeprefix(task).rstrip() == copy.written != ""
            lengths.append(len(copying.split(copy.written)))
        assert longest / 2 < max(lengths) <= longest


def test_model_file_is_present_and_small() -> None:
    assert MODEL.exists()
    assert MODEL.stat().st_size <= LIMIT_BYTES
    with MODEL.open("rb") as file:
        assert file.read(4) == b"GGUF"
