"""zoo predict"""

import sys

import click

from recipes.commands import options
from recipes.commands.output import import_tensorflow, print_json
from zoo.errors import InputError

BATCH = 64


@click.command("predict")
@click.argument("target", metavar="RUN_DIR|SAVED_MODEL")
@click.argument("inputs", nargs=-1, metavar="[INPUT ...]")
@options.settings
@click.option("--signature", default="serving_default", show_default=True)
@options.as_json
def command(target, inputs, assignments, signature, as_json):
    """Answer each INPUT, or each line of standard input where none is given.

    --set gives the signature's other inputs, such as length_penalty=0.5.
    """
    lines = list(inputs) if inputs else _standard_input()
    import_tensorflow()
    import recipes
    from recipes.settings import parse, plain_settings

    opened = recipes.open_target(target)
    settings = plain_settings(parse(assignments))
    documents = []
    for start in range(0, len(lines), BATCH):
        part = lines[start : start + BATCH]
        answer = recipes.predict(opened, part, signature, settings)
        if as_json:
            documents += [
                {"input": given, **{name: value[row] for name, value in answer.items()}}
                for row, given in enumerate(part)
            ]
        else:
            for line in recipes.lines(opened, part, answer):
                click.echo(line)
    if as_json:
        print_json(documents)


def _standard_input() -> list[str]:
    if sys.stdin.isatty():
        raise click.UsageError("no INPUT given; type inputs as arguments or pipe lines in")
    lines = []
    for number, line in enumerate(sys.stdin.buffer, start=1):
        try:
            lines.append(line.decode("utf-8").rstrip("\r\n"))
        except UnicodeDecodeError as error:
            raise InputError(
                f"standard input line {number}: byte {error.start + 1} is not UTF-8; "
                f"expected UTF-8 text"
            ) from None
    return lines
