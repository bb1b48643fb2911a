"""What is said of servers whatever their protocol, in words for people. Pure."""

from desktop.domain.errors import ConnectionRefused, Defect, LapisError, OddAnswer, Unreachable
from desktop.domain.text import Text


def asks_again(error: LapisError, seconds: float) -> Text:
    """Return what is told while a server is waited for."""
    values = {"seconds": max(1, round(seconds))}
    if isinstance(error, ConnectionRefused):
        return Text("The server does not take connections; asked again after {seconds} s", values)
    return Text("The server is busy; asked again after {seconds} s", values)


def no_vectors() -> OddAnswer:
    """Return the error of vectors that are none."""
    return OddAnswer(
        Text("The server did not turn the texts into vectors"),
        Text("Choose a model that is made for embeddings."),
    )


def without_measure() -> OddAnswer:
    """Return the error of an answer that is far longer than any."""
    return OddAnswer(
        Text("The server writes without ever coming to an end"),
        Text("What came is kept. Set a length for answers, or choose another model."),
    )


def broke_off() -> Unreachable:
    """Return the error of a stream without its end."""
    return Unreachable(
        Text("The server ended its answer in the middle"),
        Text("What came is kept. Ask again, or have the answer continued."),
    )


def defect() -> Defect:
    """Return the error of a mistake of our own."""
    return Defect(
        Text("Lapis could not read the answer of the server"),
        Text("Ask again. If it happens again, report it: this is a defect of Lapis."),
    )


def fell_silent() -> Unreachable:
    """Return the error of a server that says nothing more."""
    return Unreachable(
        Text("The server has fallen silent"),
        Text("It may be overloaded, or hang. Look after it there, then ask again."),
    )


def no_answer() -> Unreachable:
    """Return the error of a server that does not answer in time."""
    return Unreachable(
        Text("The server does not answer"),
        Text("Check whether it runs, and whether its address is right."),
    )


def was_closed() -> Unreachable:
    """Return the error of a question while Lapis ends."""
    return Unreachable(Text("The connection was closed"), Text("Try again."))
