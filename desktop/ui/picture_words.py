"""How large a picture is, in words. GUI thread."""

from desktop.domain.history import Attachment
from desktop.ui.picture_shelf import natural_size

__all__ = ["picture_size"]


def picture_size(attachment: Attachment) -> str:
    """Return width and height in pixels; empty where they are not told."""
    size = natural_size(attachment)
    return f"{size.width():,} × {size.height():,}" if not size.isEmpty() else ""
