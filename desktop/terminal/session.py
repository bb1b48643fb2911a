"""A terminal chat's memory: model, system prompt, what was said. Kept in memory only."""

from dataclasses import dataclass, field

from desktop.base.translation import Translator
from desktop.domain.chat import ChatRequest, Message, Role, Sampling
from desktop.domain.model import InstalledModel
from desktop.domain.settings import EngineSettings
from desktop.services.manner import sampling_for, template_for


@dataclass(slots=True)
class Session:
    """Changes with each turn and each command.

    `temperature` and `template` None: see `services.manner`. `anyway` tells that the model was
    loaded although it crashed here.
    """

    model: InstalledModel
    system: str
    sampling: Sampling
    temperature: float | None = None
    engine: EngineSettings = field(default_factory=EngineSettings)
    template: str | None = None
    anyway: bool = False
    history: list[Message] = field(default_factory=list[Message])

    def request(self, question: str) -> ChatRequest:
        """Return the conversation so far with `question` at its end."""
        system = (Message(Role.SYSTEM, self.system),) if self.system else ()
        asked = Message(Role.USER, question)
        sampling = sampling_for(self.model, self.sampling, self.temperature)
        template = template_for(self.model, self.engine, self.template)
        messages = (*system, *self.history, asked)
        # What is asked in the terminal is written nowhere, and no other session goes on with it.
        return ChatRequest(messages, sampling, builtin_template=template, keep_state=False)

    def switch(self, model: InstalledModel) -> None:
        """Let `model` answer from now on; what was asked for the earlier one alone is over."""
        self.model = model
        self.template = None
        self.anyway = False

    def remember(self, question: str, answer: str) -> None:
        """Keep a turn; one without any answer is forgotten, so that speakers keep alternating."""
        if answer:
            self.history += [Message(Role.USER, question), Message(Role.ASSISTANT, answer)]

    def as_markdown(self, words: Translator) -> str:
        """Return the whole chat as a Markdown document."""
        parts = [
            f"# {words.say('Chat with Lapis')}",
            words.say("Model: {name}", name=model_title(self.model, words)),
        ]
        if self.system:
            parts += [f"## {words.say('System prompt')}", self.system]
        for message in self.history:
            speaker = words.say("You") if message.role is Role.USER else "Lapis"
            parts += [f"## {speaker}", message.content]
        return "\n\n".join(parts) + "\n"


def model_title(model: InstalledModel, words: Translator) -> str:
    """Return what a model is called on the screen."""
    return words.say("Built-in guide") if model.is_guide else model.title
