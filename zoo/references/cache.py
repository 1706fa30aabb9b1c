"""Where what was fetched is kept on this machine."""

from pathlib import Path


def cache_folder() -> Path:
    """Returns the folder of the zoo in the user's cache; it need not exist."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("rnn-zoo")).expanduser()
