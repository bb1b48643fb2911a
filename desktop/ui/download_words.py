"""How far a download is, and all of them together, in words. GUI thread."""

from collections.abc import Sequence
from dataclasses import dataclass

from desktop.domain.download import Download, DownloadPhase
from desktop.domain.quantities import duration, part_of, speed, time_left
from desktop.domain.text import Text
from desktop.ui.labels import Tone
from desktop.ui.translation import say

__all__ = ["DownloadWords", "Totals", "bar_tone", "download_words", "totals", "totals_words"]

_GAP = " · "


@dataclass(frozen=True, slots=True)
class DownloadWords:
    """What a row says: one line with its tone, and the next step, empty where there is none."""

    line: str
    tone: Tone
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Totals:
    """All downloads as one; bytes, bytes/s and seconds. `open` counts those that are not done."""

    open: int
    failed: int
    finished: int
    done: int
    total: int
    speed: float
    seconds_left: float | None

    @property
    def share(self) -> float:
        """How much of all bytes is here, 0 to 1."""
        return self.done / self.total if self.total else 0.0


def download_words(download: Download) -> DownloadWords:
    """Return what there is to say about one download."""
    far = say(part_of(download.done, download.total))
    hint = say(download.notice) if download.notice is not None else ""
    match download.phase:
        case DownloadPhase.QUEUED:
            words = [say(Text("Waits for its turn"))]
            if download.done:
                words.append(far)
            return DownloadWords(_GAP.join(words), "muted", hint)
        case DownloadPhase.RESOLVING:
            return DownloadWords(say(Text("Connecting…")), "muted", hint)
        case DownloadPhase.DOWNLOADING:
            return DownloadWords(_GAP.join((far, *_pace(download))), "muted", hint)
        case DownloadPhase.STALLED:
            words = [say(Text("No data is coming. Connecting again…")), far]
            return DownloadWords(_GAP.join(words), "warn", hint)
        case DownloadPhase.WAITING:
            time = say(duration(download.wait_seconds))
            words = [say(Text("Tries again in {time}", {"time": time})), far]
            why = say(download.error.title) if download.error is not None else hint
            return DownloadWords(_GAP.join(words), "warn", why)
        case DownloadPhase.VERIFYING:
            return DownloadWords(say(Text("Checking the files…")), "muted", hint)
        case DownloadPhase.PAUSED if download.error is None:
            return DownloadWords(_GAP.join((say(Text("Paused")), far)), "muted", hint)
        case DownloadPhase.PAUSED | DownloadPhase.FAILED:
            return _trouble(download)
        case DownloadPhase.DONE:
            return DownloadWords(say(Text("Downloaded and checked")), "good")


def bar_tone(download: Download) -> Tone:
    """Return the tone of the bar of a download: pale while it rests, that of the words in trouble."""
    tone = download_words(download).tone
    if tone != "muted":
        return tone
    return "muted" if download.phase in {DownloadPhase.PAUSED, DownloadPhase.QUEUED} else "accent"


def _trouble(download: Download) -> DownloadWords:
    paused = download.phase is DownloadPhase.PAUSED
    tone: Tone = "warn" if paused else "bad"
    if download.error is None:
        return DownloadWords(say(Text("The download failed")), tone)
    return DownloadWords(say(download.error.title), tone, say(download.error.hint))


def _pace(download: Download) -> list[str]:
    words = []
    if download.speed > 0:
        words.append(speed(download.speed))
        if download.seconds_left is not None:
            words.append(say(time_left(download.seconds_left)))
    return words


def totals(downloads: Sequence[Download]) -> Totals:
    """Return the sum of `downloads`; what is done counts only where nothing else is left."""
    phase = DownloadPhase
    left = [each for each in downloads if each.phase is not phase.DONE]
    counted = left or list(downloads)
    running = sum(each.speed for each in left if each.is_active)
    coming = [each for each in left if each.is_active or each.phase is phase.QUEUED]
    missing = sum(each.total - each.done for each in coming)
    return Totals(
        open=len(left),
        failed=sum(each.phase is phase.FAILED for each in left),
        finished=len(downloads) - len(left),
        done=sum(each.done for each in counted),
        total=sum(each.total for each in counted),
        speed=running,
        seconds_left=missing / running if running > 0 and missing > 0 else None,
    )


def totals_words(whole: Totals) -> str:
    """Return one line: "2 downloads · 1.2 of 5.4 GB · 12 MB/s · 4 min left"."""
    if not whole.open:
        if whole.finished == 1:
            return say(Text("1 download is done"))
        return say(Text("{count} downloads are done", {"count": whole.finished}))
    count = Text("{count} downloads", {"count": whole.open})
    words = [say(Text("1 download") if whole.open == 1 else count)]
    words.append(say(part_of(whole.done, whole.total)))
    if whole.speed > 0:
        words.append(speed(whole.speed))
    if whole.seconds_left is not None:
        words.append(say(time_left(whole.seconds_left)))
    return _GAP.join(words)
