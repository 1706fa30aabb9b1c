"""Errors whose message is written for the person who gave the input."""

import contextlib
import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path


class InputError(ValueError):
    """Something that a person gave cannot be used.

    The message is one line. It names the file, line, field or setting, says what was found and
    what would be right. The command line prints it and exits with 2; no traceback is shown.
    """

    # To an error that does not carry this, Keras adds lines about the layer that it was calling.
    _keras_call_info_injected = True


class WorkFailedError(Exception):
    """Work that was asked for rightly and cannot be brought to its end.

    The message is one line: what happened, where, and what to do. The command line prints it and
    exits with 1.
    """


def unknown_name(kind: str, name: str, known: Iterable[str]) -> InputError:
    """Makes the error for a name that is not in a registry, with the near ones named.

    Args:
        kind: What the name should have named, in the singular: "recipe", "cell".
        name: What was given.
        known: Every name that would have been right.

    Returns:
        An `InputError` to raise.

    Example:

    >>> str(unknown_name("cell", "lstn", ["lstm", "gru"]))
    "unknown cell 'lstn'; did you mean 'lstm'? Known: gru, lstm"
    """
    known = sorted(known)
    near = difflib.get_close_matches(str(name), known, n=3, cutoff=0.6)
    hint = f"; did you mean {' or '.join(repr(n) for n in near)}?" if near else "."
    return InputError(f"unknown {kind} {name!r}{hint} Known: {', '.join(known) or 'none'}")


@contextlib.contextmanager
def naming(path: Path | None) -> Iterator[None]:
    """Puts a file's name behind an `InputError` from inside that does not say it; None: nothing.

    For what is found wrong with the contents after they were read, where no name is known any more.
    """
    try:
        yield
    except InputError as error:
        if path is None or str(path) in str(error):
            raise
        raise InputError(f"{error} (reading {path})") from error
