"""What the label of a quantisation means, however its publisher writes it.

llama.cpp's own names are in `resources/quantisations.json`; publishers add marks to them: `UD-`
before, `_L` and `_XL` behind. Plain values, any thread.
"""

from dataclasses import dataclass, field

from desktop.domain.catalogue import QuantisationFacts

_DYNAMIC = "UD-"
_TRAINED = "QAT"
_PRECISE = ("_XL", "_L")
_PRIVATE = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a mark at a name means; an empty one stands for all that nobody knows."""

    mark: str
    words: dict[str, str]


@dataclass(frozen=True, slots=True)
class Quantisations:
    """All names that are known, finest first."""

    quantisations: tuple[QuantisationFacts, ...]
    aliases: dict[str, str] = field(default_factory=dict[str, str])
    marks: tuple[Mark, ...] = ()

    def find(self, label: str, *, trained: bool = False) -> QuantisationFacts | None:
        """Return what `label` means, None where it resembles no known name.

        A label with marks gets the bits of the name it is built on, no loss (nobody measured it),
        and words for both. `trained`: the model was trained for this size (QAT), though its label
        may not say so.
        """
        plain = _plain(label)
        trained = trained or _TRAINED in plain
        name = plain.replace(_TRAINED, "").strip("-_")
        dynamic = name.startswith(_DYNAMIC)
        base, rest = self._base(name.removeprefix(_DYNAMIC))
        if base is None:
            return None
        marks = [_DYNAMIC] * dynamic
        marks += [rest if rest in _PRECISE else _PRIVATE] * bool(rest)
        if trained:
            return self._marked(base, name, [*marks, _TRAINED], replaces=True)
        return self._marked(base, name, marks, replaces=False) if marks else base

    def base(self, label: str) -> QuantisationFacts | None:
        """Return the plain quantisation that `label` is built on, None where nobody knows."""
        name = _plain(label).replace(_TRAINED, "").strip("-_")
        return self._base(name.removeprefix(_DYNAMIC))[0]

    def _base(self, name: str) -> tuple[QuantisationFacts | None, str]:
        """Return the known name that `name` is built on, and what its publisher put behind."""
        known = {one.name: one for one in self.quantisations}
        whole = self.aliases.get(name, name)
        if whole in known:
            return known[whole], ""
        for suffix in _PRECISE:
            stem = name.removesuffix(suffix)
            stem = self.aliases.get(stem, stem)
            if name.endswith(suffix) and stem in known:
                return known[stem], suffix
        starts = [one for one in (*known, *self.aliases) if name.startswith(f"{one}_")]
        if not starts:
            return None, ""
        longest = max(starts, key=len)
        return known[self.aliases.get(longest, longest)], name.removeprefix(longest)

    def _marked(
        self, base: QuantisationFacts, name: str, marks: list[str], *, replaces: bool
    ) -> QuantisationFacts:
        """Return `base` with the words of `marks` behind its own, or instead of them."""
        known = {one.mark: one.words for one in self.marks}
        words = {}
        for language, own in base.words.items():
            said = [known[mark][language].replace("{name}", base.name) for mark in marks]
            words[language] = _joined(language, said if replaces else [own, *said])
        return QuantisationFacts(name, base.bits, None, words)


def _plain(label: str) -> str:
    return label.strip().upper().replace(" ", "_")


def _joined(language: str, sentences: list[str]) -> str:
    return ("" if language.startswith("zh") else " ").join(sentences)
