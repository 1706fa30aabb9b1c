"""Four-part chorales as chords of MIDI notes, and as piano rolls."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from recipes.datasets.reading import read_json
from zoo.errors import InputError

# The names of the parts in the file.
SPLITS = {"train": "train", "validation": "valid", "test": "test"}
# The keys of a piano, as MIDI numbers them.
LOWEST_NOTE, HIGHEST_NOTE = 21, 108

Chord = tuple[int, ...]


def read_chorales(path: str | Path) -> dict[str, list[list[Chord]]]:
    """Reads a file of JSB-Chorales-dataset.

    A chord is the notes that sound in a step, from low to high, none to four. The finer files
    write some notes as 72.0; they come out as whole numbers like the rest.

    Returns:
        For "train", "valid" and "test" the chorales, each a list of chords.

    Raises:
        InputError: A split is missing or a note is not a key of the piano; or as for
            `read_text`.
    """
    content = read_json(path)
    if not isinstance(content, dict) or set(content) != set(SPLITS.values()):
        raise InputError(f"{path}: expected a JSON object with {', '.join(SPLITS.values())}")
    return {
        split: [
            [_chord(path, f"{split}, chorale {i}, step {t}", chord) for t, chord in enumerate(song)]
            for i, song in enumerate(content[split])
        ]
        for split in SPLITS.values()
    }


def _chord(path: str | Path, where: str, notes: list[float]) -> Chord:
    for note in notes:
        if note != int(note) or not LOWEST_NOTE <= note <= HIGHEST_NOTE:
            wanted = f"a whole number from {LOWEST_NOTE} to {HIGHEST_NOTE}"
            raise InputError(f"{path}: {where}: the note {note}, expected {wanted}")
    return tuple(sorted({int(note) for note in notes}))


def piano_roll(chorale: Sequence[Chord]) -> np.ndarray:
    """Turns a chorale into the vectors that models of it read.

    Returns:
        float32 [steps, 88]: 1 for each key that sounds, the lowest key of the piano first.

    Example:

    >>> piano_roll([(60, 64), ()]).sum(axis=1)
    array([2., 0.], dtype=float32)
    """
    roll = np.zeros((len(chorale), HIGHEST_NOTE - LOWEST_NOTE + 1), np.float32)
    for step, chord in enumerate(chorale):
        roll[step, [note - LOWEST_NOTE for note in chord]] = 1.0
    return roll


def chords(roll: np.ndarray, threshold: float = 0.5) -> list[Chord]:
    """Turns a piano roll [steps, 88] back into chords: the keys above a threshold."""
    return [tuple(int(k) + LOWEST_NOTE for k in np.flatnonzero(step > threshold)) for step in roll]
