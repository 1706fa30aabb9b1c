"""The command `zoo`, and how it ends: 0, or 2 with one clear line for an input error.

1 is work that failed, 128 and more an interruption by the signal of that number less 128.
"""

import os
import signal
import sys
from collections.abc import Sequence

import click

from recipes.commands.application import application
from zoo.errors import InputError, WorkFailedError

INPUT_ERROR, SIGNALLED, FAILED = 2, 128, 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line and returns its exit code.

    Args:
        arguments: Without the program's name; defaults to the process's own.
    """
    try:
        code = application.main(args=arguments, prog_name="zoo", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        return _stop(INPUT_ERROR, error.format_message())
    except (InputError, UnicodeError) as error:
        return _stop(INPUT_ERROR, str(error))
    except (KeyboardInterrupt, click.Abort) as error:
        # Click puts an error of its own in the place of Python's.
        cause = error.__cause__ or error
        code = SIGNALLED + getattr(cause, "number", signal.SIGINT)
        return _stop(code, str(cause) or "interrupted")
    except WorkFailedError as error:
        return _stop(FAILED, str(error))
    except BrokenPipeError:
        # The reader has what it wanted (as with `| head`); Python must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _stop(INPUT_ERROR, str(error))
    except Exception as error:
        if os.environ.get("ZOO_TRACEBACK"):
            raise
        line = " ".join(str(error).split())[:500]
        return _stop(
            FAILED,
            f"{type(error).__name__}: {line} (a fault of the zoo; ZOO_TRACEBACK=1 shows where)",
        )


def _stop(code: int, message: str) -> int:
    print(f"zoo: {' '.join(message.split())}", file=sys.stderr)
    return code


def run() -> None:
    """The console script's entry."""
    sys.exit(main())


if __name__ == "__main__":
    run()
