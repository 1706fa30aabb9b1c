"""Commands with an intent and slots, as in the Snips data."""

from dataclasses import dataclass
from pathlib import Path

from recipes.datasets.multi30k import read_parallel
from recipes.datasets.reading import line_error


@dataclass(frozen=True)
class Command:
    """What somebody said.

    Args:
        words: The words.
        slots: For each word O, B-SLOT or I-SLOT.
        intent: What is to be done.
    """

    words: tuple[str, ...]
    slots: tuple[str, ...]
    intent: str


def read_commands(words: str | Path, slots: str | Path, intents: str | Path) -> list[Command]:
    """Reads three files whose equal lines belong together.

    Args:
        words: seq.in: the words, separated by spaces (sometimes by several).
        slots: seq.out: as many slot tags.
        intents: label: one intent a line.

    Raises:
        InputError: The files have different numbers of lines, or a line has more or fewer tags
            than words; or as for `read_text`.
    """
    commands = []
    said = read_parallel(words, slots)
    for (sentence, tags), (_, intent) in zip(said, read_parallel(words, intents), strict=True):
        command = Command(tuple(sentence.split()), tuple(tags.split()), intent)
        if len(command.words) != len(command.slots):
            found = f"{len(command.slots)} tags for {len(command.words)} words"
            raise line_error(slots, len(commands) + 1, f"{found}, expected one each")
        commands.append(command)
    return commands
