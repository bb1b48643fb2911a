"""The question-and-answer corpus of the Lapis guide: reading, expanding and varying it.

A topic has one fixed answer and many question patterns in each language. A pattern is plain text
with two notations: ``[a|b|c]`` chooses one alternative (they nest, and may be empty), ``{name}``
inserts one entry of the word list ``name`` in ``corpus/slots.json``.

Only the standard library is used, so that the tests can check the corpus anywhere.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
CORPUS_DIR = HERE / "corpus"
LANGUAGES = ("en", "zh")
OFF_TOPIC = "off_topic"

Slots = dict[str, list[str]]


@dataclass(frozen=True)
class Choice:
    """One place of a pattern where one of several alternatives stands."""

    options: tuple[tuple[str | Choice, ...], ...]


Parts = tuple["str | Choice", ...]


@dataclass(frozen=True)
class Topic:
    """A topic of the guide with its answers and question patterns by language."""

    id: str
    answers: dict[str, str]
    questions: dict[str, list[str]]


def load_slots(directory: Path = CORPUS_DIR) -> Slots:
    """Read the word lists that patterns refer to as ``{name}``."""
    slots: Slots = json.loads((directory / "slots.json").read_text(encoding="utf-8"))
    return slots


def load_topics(directory: Path = CORPUS_DIR) -> list[Topic]:
    """Read all topics, in the order of the file names."""
    topics: list[Topic] = []
    for path in sorted(directory.glob("[0-9]*.json")):
        group = json.loads(path.read_text(encoding="utf-8"))
        topics.extend(Topic(t["id"], t["answers"], t["questions"]) for t in group["topics"])
    for path in sorted(directory.glob("phrasings_*.json")):
        more = json.loads(path.read_text(encoding="utf-8"))
        for topic in topics:
            for language, patterns in more.get(topic.id, {}).items():
                topic.questions[language].extend(patterns)
    return topics


def parse(pattern: str, slots: Slots) -> Parts:
    """Turn a pattern into literal strings and choices; raise ValueError if it is malformed."""
    parts, end = _parse_sequence(pattern, 0, slots, nested=False)
    if end != len(pattern):
        raise ValueError(f"unbalanced bracket in pattern: {pattern!r}")
    return parts


def _parse_sequence(text: str, pos: int, slots: Slots, *, nested: bool) -> tuple[Parts, int]:
    parts: list[str | Choice] = []
    while pos < len(text):
        char = text[pos]
        if char == "[":
            options = []
            while True:
                option, pos = _parse_sequence(text, pos + 1, slots, nested=True)
                options.append(option)
                if pos >= len(text):
                    raise ValueError(f"missing ']' in pattern: {text!r}")
                if text[pos] == "]":
                    break
            parts.append(Choice(tuple(options)))
            pos += 1
        elif char == "{":
            close = text.index("}", pos)
            parts.append(Choice(tuple((word,) for word in slots[text[pos + 1 : close]])))
            pos = close + 1
        elif char == "]" or (char == "|" and nested):
            break
        else:
            stop = pos + 1
            while stop < len(text) and text[stop] not in "[]{}|":
                stop += 1
            parts.append(text[pos:stop])
            pos = stop
    return tuple(parts), pos


def count(parts: Parts) -> int:
    """Return how many phrasings a parsed pattern stands for."""
    total = 1
    for part in parts:
        if isinstance(part, Choice):
            total *= sum(count(option) for option in part.options)
    return total


def sample(parts: Parts, rng: random.Random) -> str:
    """Return one random phrasing of a parsed pattern."""
    words = [
        part if isinstance(part, str) else sample(rng.choice(part.options), rng) for part in parts
    ]
    return "".join(words).strip()


def expand(parts: Parts) -> Iterator[str]:
    """Yield every phrasing of a parsed pattern."""
    if not parts:
        yield ""
        return
    head, rest = parts[0], parts[1:]
    heads = [head] if isinstance(head, str) else [s for o in head.options for s in expand(o)]
    for tail in expand(rest):
        for text in heads:
            yield text + tail


def normalise(text: str) -> str:
    """Reduce a text to its letters and digits in lower case, for comparisons."""
    return "".join(char for char in text.casefold() if char.isalnum())


def _normalise_parts(parts: Parts) -> Parts:
    return tuple(
        normalise(part)
        if isinstance(part, str)
        else Choice(tuple(dict.fromkeys(_normalise_parts(option) for option in part.options)))
        for part in parts
    )


def _ends(parts: Parts, text: str, starts: set[int]) -> set[int]:
    """Return where a match of the parts that begins at one of ``starts`` can end."""
    for part in parts:
        if isinstance(part, str):
            starts = {at + len(part) for at in starts if text.startswith(part, at)}
        else:
            starts = {end for option in part.options for end in _ends(option, text, starts)}
        if not starts:
            break
    return starts


class Matcher:
    """Tells whether a text is, normalised, one of the phrasings of the corpus."""

    def __init__(self, topics: list[Topic], slots: Slots) -> None:
        self.patterns: list[tuple[list[str], Parts]] = []
        for topic in topics:
            for language in LANGUAGES:
                for pattern in topic.questions[language]:
                    parts = _normalise_parts(parse(pattern, slots))
                    self.patterns.append(([p for p in parts if isinstance(p, str)], parts))

    def knows(self, text: str) -> bool:
        """Tell whether the text is a phrasing of the corpus."""
        wanted = normalise(text)
        return any(
            len(wanted) in _ends(parts, wanted, {0})
            for literals, parts in self.patterns
            if all(literal in wanted for literal in literals)
        )


EN_OPENERS = (
    "Hi, ",
    "Hello, ",
    "Hey, ",
    "Hi! ",
    "Hello! ",
    "Please, ",
    "Quick question: ",
    "Sorry, ",
    "Excuse me, ",
    "So ",
    "Ok, ",
    "Okay so ",
    "One question: ",
    "Could you tell me ",
    "Tell me, ",
    "Do you know ",
    "I was wondering, ",
    "I wonder ",
    "Question: ",
    "Dear guide, ",
    "Lapis, ",
    "Hey Lapis, ",
    "Um, ",
    "Well, ",
    "And ",
    "But ",
    "Also, ",
    "Next question: ",
    "Can you tell me ",
    "Can you explain ",
    "Please tell me ",
    "Now ",
    "Just curious, ",
    "Good morning, ",
    "Hmm, ",
    "I'd like to know ",
    "A silly question: ",
    "By the way, ",
    "Could you help? ",
    "Help: ",
)
EN_ON_OPENERS = (
    "I just installed Lapis. ",
    "I'm new to Lapis. ",
    "I am a beginner. ",
    "In Lapis, ",
    "I use Lapis on Linux. ",
    "I use Lapis on Windows. ",
    "I have a Mac. ",
    "With Lapis, ",
    "My friend showed me Lapis. ",
    "I read the manual but ",
    "Since yesterday I use Lapis. ",
    "I am not good with computers. ",
    "I looked everywhere. ",
    "Regarding Lapis: ",
    "For Lapis: ",
    "I like this app. ",
    "I'm stuck. ",
    "It's my first day with this program. ",
)
EN_CLOSERS = (
    " please",
    ", please",
    ", thanks",
    " thanks",
    ", thank you",
    " for me",
    " exactly",
    " then",
    " today",
    ", do you know",
    ", any idea",
    " right now",
    ", quickly",
    " in short",
    " really",
)
EN_ON_CLOSERS = (
    " in Lapis",
    " with Lapis",
    " in this app",
    " here",
    " in this program",
    " on my laptop",
    ", I can't find it",
    ", I'm a beginner",
    " on my computer",
    " in the app",
    " for Lapis",
)
EN_STOPWORDS = frozenset(
    (
        "a",
        "an",
        "the",
        "my",
        "i",
        "do",
        "does",
        "to",
        "of",
        "is",
        "are",
        "can",
        "it",
        "for",
        "me",
        "in",
        "on",
    )
)
EN_SYNONYMS: dict[str, tuple[str, ...]] = {
    "laptop": ("computer", "PC", "notebook", "machine"),
    "computer": ("laptop", "PC", "machine"),
    "change": ("modify", "alter", "switch"),
    "delete": ("remove", "erase"),
    "remove": ("delete", "get rid of"),
    "answer": ("reply", "response"),
    "answers": ("replies", "responses"),
    "chat": ("conversation",),
    "chats": ("conversations",),
    "explain": ("describe", "clarify"),
    "program": ("app", "application", "software"),
    "app": ("program", "application", "software"),
    "start": ("begin", "launch"),
    "need": ("require",),
    "folder": ("directory",),
    "big": ("large",),
    "large": ("big", "huge"),
    "picture": ("image", "photo"),
    "text": ("words",),
    "show": ("display",),
    "find": ("locate",),
    "best": ("ideal", "optimal", "top"),
    "good": ("decent", "nice"),
    "slow": ("sluggish",),
}
ZH_OPENERS = (
    "请问",
    "请问一下，",
    "你好，",
    "您好，",
    "问一下，",
    "我想问",
    "我想问一下",
    "那个，",
    "麻烦问下",
    "想请教一下，",
    "你好，请问",
    "请教一下：",
    "哎，",
    "话说",
    "Lapis，",
    "嗨，",
    "请告诉我",
    "告诉我",
    "我想知道",
    "能不能告诉我",
    "你知道",
    "问题：",
    "再问一个，",
    "还有，",
    "那",
    "另外，",
    "对了，",
    "不好意思，",
    "打扰了，",
    "帮忙看看，",
    "麻烦你，",
    "小白问一下：",
    "弱弱地问一句，",
    "向导，",
)
ZH_ON_OPENERS = (
    "我刚装了 Lapis，",
    "我是新手，",
    "在 Lapis 里",
    "Lapis 里",
    "用 Lapis 的时候，",
    "我用的是 Windows，",
    "我用的是 Linux，",
    "这个软件",
    "关于 Lapis，",
    "第一次用，",
    "找了半天没找到，",
    "我不太懂电脑，",
)
ZH_CLOSERS = (
    "呢",
    "啊",
    "呀",
    "，谢谢",
    "谢谢",
    "，麻烦了",
    "，急",
    "，在线等",
    "，求助",
    "，求解",
    "来着",
    "哦",
    "，请说明",
    "，简单说说",
    "？谢谢",
)
ZH_ON_CLOSERS = (
    "，我是新手",
    "，找不到",
    "，在 Lapis 里",
    "（Lapis）",
    "，我的电脑上",
    "，用 Lapis 的话",
)
ZH_SYNONYMS: dict[str, tuple[str, ...]] = {
    "怎么": ("如何", "怎样", "咋"),
    "如何": ("怎么", "怎样"),
    "什么": ("啥",),
    "吗": ("么", "嘛", "吗"),
    "为什么": ("为啥", "怎么"),
    "电脑": ("计算机", "机器", "笔记本"),
    "聊天": ("对话", "会话"),
    "回答": ("答案", "回复"),
    "可以": ("能", "能够"),
    "能": ("可以", "能够"),
    "下载": ("下",),
    "删除": ("删掉", "移除"),
    "软件": ("程序", "应用"),
    "文件夹": ("目录",),
    "设置": ("设定", "配置"),
    "哪里": ("哪儿", "哪"),
    "多大": ("多少大",),
    "我": ("我", "俺", "咱"),
    "推荐": ("建议",),
}
HALF_WIDTH = str.maketrans("，。？！：；（）“”", ',.?!:;()""')


def _is_han(char: str) -> bool:
    return "\u4e00" <= char <= "\u9fff"


def _typo(word: str, rng: random.Random) -> str:
    """Return the word with one slip of the fingers."""
    spot = rng.randrange(len(word) - 1)
    kind = rng.randrange(4)
    if kind == 0:
        return word[:spot] + word[spot + 1] + word[spot] + word[spot + 2 :]
    if kind == 1:
        return word[: spot + 1] + word[spot + 2 :]
    if kind == 2:
        return word[: spot + 1] + word[spot:]
    return word[:spot] + rng.choice("abcdefghijklmnopqrstuvwxyz") + word[spot + 1 :]


def _replace_synonyms(
    text: str, table: dict[str, tuple[str, ...]], chance: float, rng: random.Random, border: str
) -> str:
    for word, others in table.items():
        if word in text and rng.random() < chance:
            pattern = border + re.escape(word) + border
            text = re.sub(pattern, rng.choice(others), text, count=1)
    return text


def _vary_en(text: str, on_topic: bool, rng: random.Random) -> str:
    text = _replace_synonyms(text, EN_SYNONYMS, 0.15, rng, r"\b")
    words = text.split(" ")
    if len(words) > 3 and rng.random() < 0.12:
        spots = [i for i, word in enumerate(words) if word.lower() in EN_STOPWORDS]
        if spots:
            del words[rng.choice(spots)]
    if rng.random() < 0.12:
        spots = [i for i, word in enumerate(words) if len(word) >= 4 and word.isalpha()]
        if spots:
            spot = rng.choice(spots)
            words[spot] = _typo(words[spot], rng)
    text = " ".join(words)
    if rng.random() < 0.22:
        text += rng.choice(EN_ON_CLOSERS if on_topic and rng.random() < 0.5 else EN_CLOSERS)
    if rng.random() < 0.3:
        on_opener = on_topic and rng.random() < 0.3
        text = rng.choice(EN_ON_OPENERS if on_opener else EN_OPENERS) + text
    if rng.random() < 0.3:
        text = text.replace("'", rng.choice(("", "’")))
    style = rng.random()
    if style < 0.3:
        text = text.lower()
    elif style < 0.32:
        text = text.upper()
    elif style < 0.85:
        text = text[:1].upper() + text[1:]
    if text[-1:].isalnum():
        text += rng.choice(("?", "?", "?", "?", "?", "", "", "", ".", "??", " ?", "!", "..."))
    return text


def _vary_zh(text: str, on_topic: bool, rng: random.Random) -> str:
    text = _replace_synonyms(text, ZH_SYNONYMS, 0.12, rng, "")
    if len(text) > 6 and rng.random() < 0.1:
        spots = [i for i, char in enumerate(text) if char in "的了呢吗啊我一个下"]
        if spots:
            spot = rng.choice(spots)
            text = text[:spot] + text[spot + 1 :]
    if len(text) > 6 and rng.random() < 0.06:
        spots = [i for i in range(len(text) - 1) if _is_han(text[i]) and _is_han(text[i + 1])]
        if spots:
            spot = rng.choice(spots)
            text = text[:spot] + text[spot + 1] + text[spot] + text[spot + 2 :]
    if rng.random() < 0.25:
        text += rng.choice(ZH_ON_CLOSERS if on_topic and rng.random() < 0.3 else ZH_CLOSERS)
    if rng.random() < 0.35:
        on_opener = on_topic and rng.random() < 0.3
        text = rng.choice(ZH_ON_OPENERS if on_opener else ZH_OPENERS) + text
    if rng.random() < 0.4:
        text = re.sub(r"(?<=[\u4e00-\u9fff]) | (?=[\u4e00-\u9fff])", "", text)
    if rng.random() < 0.25:
        text = text.lower()
    if text and (text[-1].isalnum() or text[-1] in "_”"):
        text += rng.choice(("？", "？", "？", "？", "", "", "", "?", "。", "？？", "！", "…"))
    if rng.random() < 0.15:
        text = text.translate(HALF_WIDTH)
    return text


def vary(text: str, language: str, on_topic: bool, rng: random.Random) -> str:
    """Return a random variation of a phrasing: openers, closers, synonyms, slips, case, marks."""
    if rng.random() < 0.1:
        return text
    varied = (_vary_en if language == "en" else _vary_zh)(text, on_topic, rng)
    return varied or text
