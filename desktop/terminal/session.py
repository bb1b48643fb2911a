"""A terminal chat's memory: model, system prompt, what was said. Kept in memory only."""

from dataclasses import dataclass, field

from desktop.base.translation import Translator
from desktop.domain.chat import ChatRequest, Message, Role, Sampling
from desktop.domain.model import InstalledModel
from desktop.services.manner import sampling_for


@dataclass(slots=True)
class Session:
    """Changes with each turn and each command. `temperature` None: see `services.manner`."""

    model: InstalledModel
    system: str
    sampling: Sampling
    temperature: float | None = None
    history: list[Message] = field(default_factory=list[Message])

    def request(self, question: str) -> ChatRequest:
        """Return the conversation so far with `question` at its end."""
        system = (Message(Role.SYSTEM, self.system),) if self.system else ()
        asked = Message(Role.USER, question)
        sampling = sampling_for(self.model, self.sampling, self.temperature)
        return ChatRequest((*system, *self.history, asked), sampling)

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
