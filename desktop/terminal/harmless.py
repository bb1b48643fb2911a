"""Foreign text made harmless for a terminal. Any thread; one `Cleaner` for each stream of text.

A model, a file name or a library's message may carry escape sequences that recolour the screen,
write the clipboard (OSC 52) or fake a link (OSC 8). None of them passes.
"""

import re

_CSI = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*"
_STRING = r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]{0,4096}"
_OTHER = r"\x1b[ -/]*"
_CONTROL = r"[\x00-\x08\x0b-\x1f\x7f-\x9f]"
_COMPLETE = rf"{_CSI}[@-~]|{_STRING}(?:\x07|\x1b\\|\x9c)|{_OTHER}[0-~]|{_CONTROL}"

_controls = re.compile(_CONTROL)
_sequences = re.compile(_COMPLETE)
_sequences_or_start = re.compile(rf"(?P<start>(?:{_CSI}|{_STRING}\x1b?|{_OTHER})\Z)|{_COMPLETE}")


def harmless(text: str) -> str:
    """Return `text` without control characters and escape sequences; newline and tab pass."""
    return _sequences.sub("", text) if _controls.search(text) else text


class Cleaner:
    """`harmless` for text that comes in pieces, whose sequences may be cut between two of them.

    A string sequence (OSC, DCS …) that its line leaves open, or that is longer than 4,096
    characters, loses only its introducer: nothing readable is swallowed.
    """

    def __init__(self) -> None:
        """Start with no sequence open."""
        self._held = ""

    def feed(self, piece: str) -> str:
        """Return what may be shown by now; the start of a sequence is held back."""
        if not self._held and not _controls.search(piece):
            return piece
        text, self._held = self._held + piece, ""
        return _sequences_or_start.sub(self._hold_start, text)

    def rest(self) -> str:
        """Return what is readable of a sequence that never ended."""
        text, self._held = self._held, ""
        return harmless(text)

    def _hold_start(self, found: re.Match[str]) -> str:
        self._held = found["start"] or ""
        return ""
