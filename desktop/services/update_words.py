"""What is known of new versions, in a sentence. Pure; any thread."""

from desktop.domain.text import Text
from desktop.domain.updates import Standing


def standing_words(standing: Standing, version: str) -> Text:
    """Return whether there is a newer version than `version`, or why nobody knows."""
    news = standing.news
    if news is not None and standing.is_newer:
        return Text(
            "Lapis {new} is available; this is {version}.",
            {"new": news.version, "version": version},
        )
    if standing.remark is not None:
        return standing.remark
    if news is not None:
        return Text("This is the newest version, {version}.", {"version": version})
    return Text("Not checked yet.")
