"""What people ask for in chats: questions, other answers, edits, branches; nothing is destroyed.

Knows no widget: a window and a popup listen to the same signals, each for the chat it shows. How
answers run is told in `answer_runs`, how they reach the disk in `answer_saving`. GUI thread.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from desktop.domain.chat import Role
from desktop.domain.chat_settings import ChatSettings, Overflow
from desktop.domain.errors import LapisError, StillAnswering
from desktop.domain.history import Attachment, ChatSummary, MessageRef, StoredMessage
from desktop.domain.model import InstalledModel
from desktop.domain.text import Text
from desktop.services.conversation import Conversations
from desktop.services.exchange import Exchange
from desktop.services.manner import with_choice
from desktop.store.chats import ChatStore
from desktop.ui.answer_engine import AnswerEngine, ChosenModels
from desktop.ui.answer_runs import AnswerRuns
from desktop.ui.bridge import Bridge
from desktop.ui.chat_titles import ChatTitles
from desktop.ui.own_settings import OwnSettings
from desktop.ui.own_template import OwnTemplate
from desktop.ui.preferences import Preferences
from desktop.ui.translation import say

__all__ = ["ChatController"]

_LIKE_ALL = ChatSettings()


class ChatController(QObject):
    """At most one answer runs in each chat; all methods return at once.

    Those that change a chat raise StorageError, and then nothing was changed. What would disturb an
    answer that is being written is refused: it is not done, and they return False or None.
    """

    exchange_started = Signal(int, object, object)
    """(chat, question, empty answer): both are new at the end of the chat."""
    branch_changed = Signal(int)
    """(chat): another branch is the active one, or its last message is being written again."""
    text_grew = Signal(int, str, bool)
    """(chat, piece, is thinking)"""
    activity_changed = Signal(int, str)
    """(chat, words or empty)"""
    answer_finished = Signal(int, object)
    """(chat, StoredMessage)"""
    running_changed = Signal(object)
    """(frozenset of chats)"""
    chats_changed = Signal()
    """Titles, order or number of chats are other ones now."""
    notice_came = Signal(object)
    """(Text)"""
    not_saved = Signal(object)
    """(StorageError): what is on the screen is ahead of what is on the disk."""
    saved_again = Signal()
    chats_gone = Signal(object)
    """(frozenset of chats): they are deleted; whoever shows one leaves it."""
    overflow_chosen = Signal(int, int, object)
    """(chat, message, Overflow): what is to be done, as its answer does not fit."""
    own_template_changed = Signal(str)
    """(see `own_template`)"""

    def __init__(
        self,
        store: ChatStore,
        preferences: Preferences,
        own: OwnSettings,
        bridge: Bridge,
        parent: QObject | None = None,
    ) -> None:
        """Start with nothing running and no engine; questions wait until `attach`."""
        super().__init__(parent)
        self._store = store
        self._preferences = preferences
        self._own = own
        self._engine: AnswerEngine | None = None
        self._own_template = OwnTemplate(own, bridge, self)
        self._own_template.changed.connect(self.own_template_changed)
        self._conversations = Conversations(store)
        self._runs = runs = AnswerRuns(self._conversations, preferences, own, bridge, self)
        runs.text_grew.connect(self.text_grew)
        runs.activity_changed.connect(self.activity_changed)
        runs.running_changed.connect(self.running_changed)
        runs.notice_came.connect(self.notice_came)
        runs.asked.connect(self._own_template.look_again)
        runs.ended.connect(self._on_ended)
        self._titles = ChatTitles(store, runs, preferences, own, bridge, self)
        self._titles.named.connect(self.chats_changed)
        runs.saving.not_saved.connect(self.not_saved)
        runs.saving.saved_again.connect(self.saved_again)

    def attach(self, engine: AnswerEngine, models: ChosenModels | None = None) -> None:
        """Take the engine, and ask it what was asked meanwhile.

        `models` knows the models that chats name; without it everything is asked of whatever model
        the engine has.
        """
        self._engine = engine
        self._own_template.show(engine.state)
        self._titles.attach(engine)
        self._runs.attach(engine, models)

    def close(self) -> None:
        """Save what is running, as far as it came, as stopped; idempotent."""
        self._titles.close()
        self._runs.close()

    # What is there.

    def refs(self, chat: int) -> list[MessageRef]:
        """Return the active branch of `chat` without its texts; raises StorageError."""
        return self._store.refs(chat)

    def messages(self, chat: int) -> list[StoredMessage]:
        """Return the active branch of `chat`, a growing answer as far as it is."""
        return self._live(self._store.messages(chat))

    def messages_of(self, ids: Sequence[int]) -> list[StoredMessage]:
        """Return the messages `ids` that exist, a growing answer as far as it is."""
        return self._live(self._store.messages_of(ids))

    def summary(self, chat: int) -> ChatSummary:
        """Return title and kind of `chat`; raises StorageError."""
        return self._store.chat(chat)

    def growing(self, chat: int) -> int | None:
        """Return the answer that is being written in `chat`, wherever in its tree."""
        run = self._runs.of(chat)
        return None if run is None else run.exchange.answer.id

    def is_running(self, chat: int | None) -> bool:
        """Return whether an answer is being written in `chat`, or waits to be."""
        return chat is not None and self._runs.of(chat) is not None

    @property
    def running(self) -> frozenset[int]:
        """The chats in which answers are being written, or wait to be."""
        return self._runs.chats

    @property
    def is_behind(self) -> bool:
        """Whether an answer on the screen could not be saved, from `not_saved` to `saved_again`."""
        return self._runs.saving.is_failing

    def activity(self, chat: int) -> str:
        """Return what is going on in `chat` before its answer starts, or nothing."""
        run = self._runs.of(chat)
        return run.activity if run is not None else ""

    def model_for(self, settings: ChatSettings) -> InstalledModel | None:
        """Return the model that answers in a chat with `settings`; raises LapisError."""
        return self._runs.model_for(settings)

    # What a front end asks for.

    def ask(
        self,
        chat: int | None,
        text: str,
        attachments: Sequence[Attachment] = (),
        *,
        settings: ChatSettings | None = None,
        temporary: bool = False,
        icon: str = "",
    ) -> int:
        """Save a question, start its answer, return the chat; raises StorageError.

        None makes a new chat, with the `settings` given, or one that leaves no trace. When this
        raises, nothing was asked. Raises StillAnswering where an answer runs.
        """
        if self.is_running(chat):
            raise StillAnswering(
                Text("An answer is being written in this chat"),
                Text("Wait for its end, or stop it."),
            )
        with self._store.transaction():
            if chat is None:
                created = self._store.create(
                    temporary=temporary, settings=settings or _LIKE_ALL, icon=icon
                )
                chat = created.id
            elif settings is not None:
                self._store.set_settings(chat, settings)
            own = self._store.settings(chat)
            exchange = self._conversations.begin(chat, text, self._name_of(own), attachments)
        self._runs.start(exchange, own)
        self.chats_changed.emit()
        self.exchange_started.emit(chat, exchange.question, exchange.answer)
        return chat

    def answer_again(self, chat: int, message: int, model: str | None = None) -> bool:
        """Give another answer beside `message`, by the model of that name if there is one.

        `message` may also be a question that has none.
        """
        if self.is_running(chat):
            return False
        settings = self._store.settings(chat)
        if model is not None:
            settings = replace(settings, model=model)
        exchange = self._conversations.answer_again(message, self._name_of(settings))
        return self._begin_again(exchange, settings)

    def continue_answer(self, chat: int, message: int) -> bool:
        """Go on writing the answer `message`, by the model of the chat."""
        if self.is_running(chat):
            return False
        exchange = self._conversations.resume(message)
        return self._begin_again(exchange, self._store.settings(chat))

    def try_again(self, chat: int, message: int) -> bool:
        """Answer anew where an answer failed.

        A model that crashes here is loaded anyway: who asks for this has read the reason.
        """
        if self.is_running(chat):
            return False
        settings, engine = self._store.settings(chat), self._engine
        if engine is not None and engine.state.crashes_here and engine.state.model is not None:
            engine.use_full_settings(engine.state.model)
        exchange = self._conversations.restart(message, self._name_of(settings))
        return self._begin_again(exchange, settings)

    def resolve_overflow(self, chat: int, message: int, choice: Overflow) -> None:
        """Have done what was chosen for an answer that does not fit, and then that answered."""
        self.overflow_chosen.emit(chat, message, choice)

    def hold_again(self, chat: int, message: int, words: str) -> bool:
        """Begin anew what failed, but ask nothing before `go_on`; `words` are shown meanwhile.

        Raises StorageError.
        """
        if self.is_running(chat):
            return False
        settings = self._store.settings(chat)
        exchange = self._conversations.restart(message, self._name_of(settings))
        return self._begin_again(exchange, settings, held=words)

    def hold_with(self, chat: int, words: str) -> None:
        """Show other words for what is held."""
        self._runs.hold_with(chat, words)

    def go_on(self, chat: int) -> None:
        """Ask what was held, with the settings that the chat has now; raises StorageError."""
        self._runs.go_on(chat, self._store.settings(chat))

    def give_up(self, chat: int, error: LapisError) -> None:
        """End what was held as failed."""
        self._runs.give_up(chat, error)

    def answer_with_builtin_template(self, chat: int, message: int) -> bool:
        """Answer again, from now on with a built-in template for the model of the chat."""
        if self.is_running(chat):
            return False
        try:
            model = self._runs.model_for(self._store.settings(chat))
        except LapisError:
            # The answer will say that there is no such model.
            model = None
        if model is not None:
            self._own.set(model, with_choice(self._own.of(model), builtin=True))
        return self.try_again(chat, message)

    def edit(self, chat: int, message: int, text: str, *, ask: bool = True) -> bool:
        """Put another text beside `message`, a question or an answer; the old one stays.

        A question keeps its attachments, and is answered if `ask` says so.
        """
        if self.is_running(chat):
            return False
        found = self._store.messages_of([message])
        if not found:
            return False
        settings = self._store.settings(chat)
        with self._store.transaction():
            changed = self._conversations.edit(message, text, found[0].attachments)
            exchange = None
            if ask and changed is not None and changed.role is Role.USER:
                exchange = self._conversations.answer_again(changed.id, self._name_of(settings))
        if exchange is None or not self._begin_again(exchange, settings):
            self.branch_changed.emit(chat)
            self.chats_changed.emit()
        return changed is not None

    def choose_sibling(self, chat: int, message: int) -> None:
        """Let the active branch of `chat` go through `message`; answers go on being written."""
        self._store.choose(message)
        self.branch_changed.emit(chat)

    def step_sibling(self, chat: int, message: int, step: int) -> None:
        """Choose the sibling `step` places after `message`, if there is one."""
        siblings = self._store.siblings(message)
        place = siblings.index(message) + step if message in siblings else -1
        if 0 <= place < len(siblings):
            self.choose_sibling(chat, siblings[place])

    def branch_off(self, chat: int, message: int) -> int | None:
        """Make a chat of its own of the branch that ends at `message`, and return it."""
        growing = self.growing(chat)
        if growing is not None and any(m.id == growing for m in self._store.branch(message)):
            return None
        title = self._store.chat(chat).title
        named = say(Text("{title} (branch)", {"title": title})) if title else ""
        made = self._store.copy_branch(message, named)
        self.chats_changed.emit()
        return made.id

    def stop(self, chat: int) -> bool:
        """End the answer of `chat`; what was written stays. Return whether one was running."""
        return self._runs.stop(chat)

    def discard(self, chat: int) -> None:
        """Throw `chat` away with whatever is being written in it; raises StorageError."""
        self._runs.stop(chat)
        self._store.delete(chat)
        self.chats_changed.emit()

    def leave(self, gone: Iterable[int]) -> None:
        """Write no more in chats that are deleted, and let the engine drop what it kept of them."""
        chats = frozenset(gone)
        for chat in chats:
            self._runs.stop(chat)
        if self._engine is not None:
            self._engine.forget_states()
        self.chats_gone.emit(chats)

    @property
    def own_template(self) -> str:
        """The name of the chosen model if it is asked with the template in its file, or empty."""
        return self._own_template.name

    def _begin_again(
        self, exchange: Exchange | None, settings: ChatSettings, held: str = ""
    ) -> bool:
        if exchange is None:
            return False
        self._runs.start(exchange, settings, held)
        self.chats_changed.emit()
        self.branch_changed.emit(exchange.chat)
        return True

    def _live(self, messages: Iterable[StoredMessage]) -> list[StoredMessage]:
        ahead = {each.answer.id: each for each in self._runs.exchanges()}
        return [ahead[each.id].so_far if each.id in ahead else each for each in messages]

    def _name_of(self, settings: ChatSettings) -> str:
        """Return the name of the model that will answer, as it is kept with the answer."""
        try:
            model = self._runs.model_for(settings)
        except LapisError:
            return settings.model or ""
        return model.name if model is not None else self._preferences.value.model

    def _on_ended(self, exchange: Exchange) -> None:
        self.answer_finished.emit(exchange.chat, exchange.answer)
        self.chats_changed.emit()
