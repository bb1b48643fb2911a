"""Searching the catalogue by words, in English and Chinese, without a network.

A model is found by its names, its description in both languages, and by words for what it can do.
Plain functions, any thread.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from desktop.domain.catalogue import ListedModel, Standing

_WORD: Final = re.compile(r"[\u3400-\u9fff]+|[^\s\u3400-\u9fff,;、，；。]+")
_CHINESE: Final = re.compile(r"[\u3400-\u9fff]")
_PICTURES: Final = (
    "pictures images photos vision multimodal vl 图片 图像 照片 看图 识图 视觉 多模态"
)
_THINKS: Final = "thinking thinks reasoning reasoner 思考 推理 深度思考"
_QUICK: Final = "moe mixture of experts quick fast 混合专家 快速"
_OPEN: Final = "open free commercial 开源 商用 免费"
_LANGUAGES: Final = (
    ("en", "english 英文 英语"),
    ("zh", "chinese mandarin 中文 汉语 国语"),
    ("ja", "japanese 日文 日语"),
    ("ko", "korean 韩文 韩语"),
    ("de", "german deutsch 德文 德语"),
    ("fr", "french français 法文 法语"),
    ("es", "spanish español 西班牙语"),
    ("it", "italian italiano 意大利语"),
    ("pt", "portuguese português 葡萄牙语"),
    ("ru", "russian русский 俄文 俄语"),
    ("ar", "arabic العربية 阿拉伯语"),
    ("hi", "hindi 印地语"),
    ("vi", "vietnamese 越南语"),
    ("th", "thai 泰语"),
)
# Other words for what the descriptions say.
_SAME: Final = (
    ("coding", "code"),
    ("programming", "code"),
    ("math", "maths"),
    ("translate", "translation"),
    ("image", "pictures"),
    ("picture", "pictures"),
    ("photo", "pictures"),
    ("写代码", "编程"),
    ("代码", "编程"),
    ("对话", "聊天"),
    ("总结", "摘要"),
    ("小模型", "小型"),
)
_PARTICLES: Final = re.compile("[的和与]")
_FREE: Final = frozenset({"Apache-2.0", "MIT"})
_MANY_LANGUAGES: Final = "multilingual languages 多语言"
_MANY: Final = 8
_IN_NAME: Final = 8
_IN_WORDS: Final = 2
_STANDING: Final = (Standing.RECOMMENDED, Standing.AVAILABLE, Standing.LEGACY)


def matching(words: str, models: Sequence[ListedModel]) -> tuple[ListedModel, ...]:
    """Return the models that all of `words` describe, the best match first; all for no words."""
    wanted = [_known(word) for word in _WORD.findall(_PARTICLES.sub(" ", words.casefold()))]
    found = []
    for place, model in enumerate(models):
        name, said = _texts(model)
        scores = [
            max(_IN_NAME * _match(one, name), _IN_WORDS * _match(one, said)) for one in wanted
        ]
        if all(scores):
            found.append((-sum(scores), _STANDING.index(model.standing), place, model))
    return tuple(model for *_, model in sorted(found, key=lambda one: one[:3]))


def _texts(model: ListedModel) -> tuple[str, str]:
    """Return the names of `model`, and all else that is said of it, in lower case."""
    name = f" {model.name} {model.family} {model.id} {model.original_repository}".casefold()
    return f"{name} {name.replace('-', ' ')} {_joined(name)}", " " + " ".join(
        _said(model)
    ).casefold()


def _joined(name: str) -> str:
    return re.sub(r"[^\w.\s]", "", name)


def _said(model: ListedModel) -> Iterator[str]:
    yield from model.words.values()
    yield from (model.licence, model.licence_name, model.architecture)
    yield from model.repositories
    yield from (names for code, names in _LANGUAGES if code in model.languages)
    if model.sees_pictures:
        yield _PICTURES
    if model.thinks:
        yield _THINKS
    if model.active_parameters:
        yield _QUICK
    if model.licence in _FREE:
        yield _OPEN
    if len(model.languages) >= _MANY:
        yield _MANY_LANGUAGES


def _known(word: str) -> str:
    return dict(_SAME).get(word, word)


def _match(word: str, text: str) -> float:
    """Return from 0 to 1 how well `word` occurs in `text`.

    A word of letters has to begin a word there, a number to be one. Chinese has no spaces, so of a
    longer run it is enough that half of its pairs of characters occur.
    """
    if not _CHINESE.search(word):
        before = r"(?<![^\W_])(?<!\.)" if word[0].isdigit() else r"(?<![^\W_])"
        behind = r"(?![\w.])" if word[-1].isdigit() else ""
        return 1.0 if re.search(f"{before}{re.escape(word)}{behind}", text) else 0.0
    for other, same in _SAME:
        word = word.replace(other, same) if _CHINESE.search(other) else word
    if word in text:
        return 1.0
    pairs = [word[at : at + 2] for at in range(len(word) - 1)]
    share = sum(pair in text for pair in pairs) / len(pairs) if pairs else 0.0
    return share if share >= 0.5 else 0.0
