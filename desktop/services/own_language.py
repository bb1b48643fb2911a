"""Whether a text is in a person's own language, told by its signs and its commonest words alone.

No model is asked: it decides which way a text is translated, before anything is sent. Pure; any
thread.
"""

import functools
import re
from typing import Final

from desktop.domain.settings import Language

__all__ = ["is_in"]

_SAMPLE: Final = 20_000
_HAN: Final = r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
_KANA: Final = r"[\u3040-\u30ff]"
_WORD: Final = r"[^\W\d_\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+"
# A sign counts as much as a word elsewhere: Chinese with half of its words English is Chinese.
_HAN_SHARE: Final = 0.3
_KANA_SHARE: Final = 0.15
_ENGLISH: Final = (
    "the and of to is are was were be been it its that this these those for with on at by from as "
    "an or not but have has had will would can could should you your we our they their he she his "
    "her my me i if when what which who how there do does did so than then about into out up more "
    "some no any all please thanks hello"
)
# Of languages that are written with Latin letters, without what might be an English word.
_OTHERS: Final = (
    "der das und ist nicht ein eine einen dem den des sich auf für mit von zu auch wie ich wir sie "
    "es im zum zur bei aus nach oder aber wenn noch nur kann wird sind haben bitte danke "
    "le la les une et est que qui pas pour dans sur avec au aux du ce cette vous nous je il elle "
    "sont mais ou bonjour merci être avoir "
    "los las un una y en por con para se del al lo su más pero como está son gracias hola "
    "os um uma e em não com ao da dos mais você obrigado "
    "gli di che è per non sono della nel alla anche grazie ciao "
    "de het een van niet dat te voor met zijn wij jij naar ook "
    "och att det som är på av till inte ett jag og er ikke til jeg "
    "w nie na się że jest jak dan yang untuk dengan ini itu tidak dari ke "
    "và là của không có cho một người được bir ve bu için ile değil"
)


def is_in(text: str, language: Language) -> bool:
    """Tell whether `text` is written in `language` (ENGLISH or CHINESE), as far as can be seen.

    What could be in it is taken to be: a few letters, a number, code.
    """
    sample = text[:_SAMPLE]
    han, kana = _count(_HAN, sample), _count(_KANA, sample)
    words = [word.casefold() for word in _compiled(_WORD).findall(sample)]
    signs = han + kana
    is_chinese = han >= _HAN_SHARE * (signs + len(words)) and kana <= _KANA_SHARE * signs
    if language is Language.CHINESE:
        return bool(han) and is_chinese
    if signs > len(words) or (signs and is_chinese):
        return False
    return _is_english(words)


def _is_english(words: list[str]) -> bool:
    """Tell whether words of any script but Chinese and Japanese are more English than not."""
    english, others = _commonest(_ENGLISH), _commonest(_OTHERS)
    foreign = sum(word in others or not word.isascii() for word in words)
    return foreign <= sum(word in english for word in words)


@functools.cache
def _commonest(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _count(pattern: str, text: str) -> int:
    return len(_compiled(pattern).findall(text))


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile once and not at the start: ranges this wide take milliseconds."""
    return re.compile(pattern)
