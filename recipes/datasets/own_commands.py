"""A person's own file of commands: an intent, words and slots a line."""

from pathlib import Path

from recipes.datasets.reading import line_error, numbered_lines
from recipes.datasets.snips import Command
from recipes.datasets.tagged_words import check_iob
from zoo.errors import InputError

WANTED = "3: intent<TAB>words<TAB>slots"


def read_own_commands(path: str | Path) -> list[Command]:
    """Reads a UTF-8 file of `intent<TAB>words<TAB>slots` lines; empty lines are passed over.

    Words are separated by spaces, and so are their slot tags: O, B-SLOT or I-SLOT, one each.

    Raises:
        InputError: The file is missing, is not UTF-8 or holds no line, or a line has other fields,
            an empty one, more or fewer tags than words, or a tag that IOB2 does not allow there;
            the message names file and line.
    """
    commands = []
    for number, line in numbered_lines(path):
        if not line.strip():
            continue
        fields = [field.strip() for field in line.split("\t")]
        if len(fields) != 3:
            found = f"{len(fields)} field{'' if len(fields) == 1 else 's'}"
            raise line_error(path, number, f"{found}, expected {WANTED}")
        for name, field in zip(("intent", "words", "slots"), fields, strict=True):
            if not field:
                raise line_error(path, number, f"the field {name!r} is empty, expected {WANTED}")
        words, slots = fields[1].split(), fields[2].split()
        if len(words) != len(slots):
            found = f"{len(slots)} slot tag(s) for {len(words)} word(s)"
            raise line_error(path, number, f"{found}, expected one each")
        for before, tag in zip(["O", *slots], slots, strict=False):
            check_iob(path, number, tag, before)
        commands.append(Command(tuple(words), tuple(slots), fields[0]))
    if not commands:
        raise InputError(f"{path}: no line in the file, expected lines of {WANTED}")
    return commands
