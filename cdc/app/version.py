"""Which version of the program runs."""

from importlib.metadata import PackageNotFoundError, version


def current() -> str:
    """Return the installed version, or what a bare source tree can say."""
    try:
        return version("cdc")
    except PackageNotFoundError:
        return "0+source"
