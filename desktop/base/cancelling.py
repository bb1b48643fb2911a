"""Work that can be cancelled asks now and then whether it is: here is who never says so. Any thread."""


def never() -> bool:
    """Return False: nobody cancels."""
    return False
