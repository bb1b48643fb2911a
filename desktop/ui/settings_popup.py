"""The quick question on the settings page. GUI thread."""

from dataclasses import replace
from typing import Any, Final

from desktop.base.translation import spoken
from desktop.domain.settings import Language, Settings
from desktop.ui.settings_entry import choice, switch
from desktop.ui.settings_section import SettingsSection

__all__ = ["PopupSection"]

# Each in its own words, as the model is told them.
_LANGUAGES: Final = (
    "English",
    "简体中文",
    "繁體中文",
    "Español",
    "Français",
    "Deutsch",
    "Português",
    "Italiano",
    "Nederlands",
    "Polski",
    "Türkçe",
    "Русский",
    "Українська",
    "العربية",
    "हिन्दी",
    "日本語",
    "한국어",
    "Tiếng Việt",
    "Bahasa Indonesia",
    "ไทย",
)


class PopupSection(SettingsSection):
    """What the quick question may see, what becomes of it, and which way it translates."""

    help_topic = "popup"

    def __init__(self) -> None:
        """Build the entries."""
        self._keep = switch(lambda now: now.popup.keep, lambda now, value: _popup(now, keep=value))
        self._selection = switch(
            lambda now: now.popup.selection, lambda now, value: _popup(now, selection=value)
        )
        self._copy = switch(
            lambda now: now.popup.copy_selection,
            lambda now, value: _popup(now, copy_selection=value),
        )
        self._clipboard = switch(
            lambda now: now.popup.clipboard, lambda now, value: _popup(now, clipboard=value)
        )
        self._translate = choice(
            lambda now: now.popup.translate_to,
            lambda now, value: _popup(now, translate_to=value),
            self._languages,
        )
        self._needs_copying = False
        self._has_selection = True
        self._wanted = ""
        self._own = Language.ENGLISH
        super().__init__(
            (self._selection, self._copy, self._clipboard), (self._keep,), (self._translate,)
        )

    def set_front(self, *, can_read: bool, can_copy: bool) -> None:
        """Offer what this desktop allows: selected text as it is, or only by copying it."""
        self._has_selection = can_read or can_copy
        self._needs_copying = can_copy and not can_read
        self.search(self._wanted)

    def show_settings(self, settings: Settings) -> None:
        self._own = spoken(settings.language)
        super().show_settings(settings)

    def search(self, wanted: str) -> bool:
        self._wanted = wanted
        found = super().search(wanted)
        if not self._needs_copying:
            self._copy.widget.hide()
        if not self._has_selection:
            self._selection.widget.hide()
        return found

    def say(self) -> None:
        self.title = self.tr("Quick question")
        self._selection.say(
            self.tr("Offer selected text"),
            self.tr(
                "What is selected in the program in front goes with your question,"
                " unless you take it away."
            ),
        )
        self._copy.say(
            self.tr("Let Lapis press the keys for copying"),
            self.tr(
                "Here selected text can be had in no other way. Your clipboard is restored after it."
            ),
        )
        self._clipboard.say(
            self.tr("Offer the clipboard"),
            self.tr("Text or a picture that you have copied, as something to add."),
        )
        self._keep.say(
            self.tr("Keep quick questions"),
            self.tr(
                "They stand among your chats. Otherwise they are gone when you close them, and never"
                " reach the disk."
            ),
        )
        self._translate.say(
            self.tr("Translate into"),
            self.tr(
                "What you wrote in your own language. Whatever is in another one comes into yours."
            ),
        )

    def _languages(self, now: str) -> list[tuple[str, str]]:
        usual = "English" if self._own is Language.CHINESE else "简体中文"
        found = [("", self.tr("Automatic: {language}").format(language=usual))]
        found += [(name, name) for name in _LANGUAGES]
        return found if now in dict(found) else [*found, (now, now)]


def _popup(now: Settings, **changes: Any) -> Settings:
    return replace(now, popup=replace(now.popup, **changes))
