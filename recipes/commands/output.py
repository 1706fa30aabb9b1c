"""What commands print: results on standard output, everything else on standard error."""

import importlib.abc
import json
import os
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import click

from recipes.workbench.plain_values import plain


def print_json(value: Any) -> None:
    """Prints one JSON document on standard output."""
    click.echo(json.dumps(plain(value), ensure_ascii=False, allow_nan=False))


def say(line: str) -> None:
    """Prints a line for the person who waits, on standard error."""
    click.echo(line, err=True)


def table(rows: list[dict[str, Any]]) -> None:
    """Prints rows as a table: aligned and wrapped on a terminal, tab-separated elsewhere."""
    if not rows:
        return
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table

        drawn = Table(box=None, header_style="bold")
        for name in rows[0]:
            drawn.add_column(name, overflow="fold")
        for row in rows:
            drawn.add_row(*("" if v is None else str(v) for v in row.values()))
        Console().print(drawn)
        return
    click.echo("\t".join(rows[0]))
    for row in rows:
        click.echo("\t".join("" if v is None else str(v) for v in row.values()))


def import_tensorflow() -> None:
    """Imports TensorFlow without the lines that it writes before its log level is known.

    They come from its C++ libraries, past Python; they are shown if the import fails.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as hidden:
        os.dup2(hidden.fileno(), 2)
        try:
            import tensorflow  # noqa: F401
        except BaseException:
            os.dup2(kept, 2)
            hidden.seek(0)
            sys.stderr.write(hidden.read().decode("utf-8", errors="replace"))
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


class _TensorFlowNeeded(BaseException):
    pass


class _Refusal(importlib.abc.MetaPathFinder):
    """Ends what is being done where it imports TensorFlow or Keras."""

    def find_spec(self, name, path=None, target=None):
        if name in ("tensorflow", "keras"):
            raise _TensorFlowNeeded
        return None


def stop_at_tensorflow(check: Callable[[], Any]) -> None:
    """Runs a check up to where it needs TensorFlow; what it raises before comes out.

    Where TensorFlow is imported already, the check runs to its end.
    """
    refusal = _Refusal()
    sys.meta_path.insert(0, refusal)
    try:
        check()
    except _TensorFlowNeeded:
        pass
    finally:
        sys.meta_path.remove(refusal)


class DownloadLines:
    """Says how far a download is, at each tenth."""

    def __init__(self):
        self.tenths = {}

    def __call__(self, file: str, done: int, total: int | None) -> None:
        tenth = 10 * done // total if total else 0
        if self.tenths.get(file) != tenth:
            self.tenths[file] = tenth
            say(f"{file}: {done / 1e6:.1f} MB" + (f" of {total / 1e6:.1f} MB" if total else ""))
