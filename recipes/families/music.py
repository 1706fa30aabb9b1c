"""What the recipes of music need: keys, chords as text, MIDI files and pictures of a score."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from recipes.datasets.chorales import HIGHEST_NOTE, LOWEST_NOTE, Chord
from zoo.errors import InputError

NOTE_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
# Ends a chord in a chord text, as a bar line does a bar.
BAR = "|"
# How well each pitch class fits a key, the tonic first (Krumhansl & Kessler 1982).
MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)


def key_of(chorale: Sequence[Chord]) -> str:
    """Returns the key that the notes fit best, such as "G major" (Krumhansl 1990, chapter 4).

    The correlation of how often each pitch class sounds with the profile of each of 24 keys. The
    last chord counts ten times: a chorale ends on its tonic.
    """
    counts = np.zeros(12)
    for place, chord in enumerate(chorale):
        for note in chord:
            counts[note % 12] += 10 if place == len(chorale) - 1 else 1
    fits = {
        f"{NOTE_NAMES[tonic]} {mode}": np.corrcoef(np.roll(profile, tonic), counts)[0, 1]
        for mode, profile in (("major", MAJOR), ("minor", MINOR))
        for tonic in range(12)
    }
    return max(fits, key=fits.get)


def transposed(chorale: Sequence[Chord], semitones: int) -> list[Chord]:
    """Moves every note up by some semitones, or down by negative ones."""
    return [tuple(note + semitones for note in chord) for chord in chorale]


def chord_text(chorale: Sequence[Chord]) -> str:
    """Writes chords as MIDI numbers, the highest note first: "67 62 59 43 | 69 62 ..."."""
    return " ".join(
        token for chord in chorale for token in (*map(str, sorted(chord, reverse=True)), BAR)
    )


def read_chord_text(text: str) -> list[Chord]:
    """Reads what `chord_text` writes; a last chord without its bar counts.

    Raises:
        InputError: something is no number of a piano's key.
    """
    chorale, notes = [], []
    for token in text.split():
        if token == BAR:
            chorale.append(tuple(sorted(set(notes))))
            notes = []
        elif token.isdecimal() and LOWEST_NOTE <= int(token) <= HIGHEST_NOTE:
            notes.append(int(token))
        else:
            raise InputError(
                f"{token!r} in chords: expected {BAR!r} or a MIDI number from {LOWEST_NOTE} to "
                f"{HIGHEST_NOTE}"
            )
    return chorale + ([tuple(sorted(set(notes)))] if notes else [])


def write_midi(chorale: Sequence[Chord], path: Path, beats_per_minute: float = 80.0) -> None:
    """Writes chords of a quarter each as a MIDI file; a note that goes on is held.

    Raises:
        InputError: mido is missing, or the file cannot be written.
    """
    try:
        import mido
    except ImportError:
        raise InputError("MIDI files need mido: pip install rnn-zoo[audio]") from None
    file = mido.MidiFile(type=0, ticks_per_beat=480)
    track = mido.MidiTrack()
    file.tracks.append(track)
    track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(beats_per_minute)))
    sounding: set[int] = set()
    waited = 0
    for chord in [*chorale, ()]:
        ends, starts = sorted(sounding - set(chord)), sorted(set(chord) - sounding)
        for kind, notes in (("note_off", ends), ("note_on", starts)):
            for note in notes:
                track.append(mido.Message(kind, note=note, velocity=64, time=waited))
                waited = 0
        sounding = set(chord)
        waited += file.ticks_per_beat
    try:
        file.save(str(path))
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error


def draw_score(figure, chorale: Sequence[Chord], title: str) -> None:
    """Draws a piano roll: a column a quarter, a row a key, each voice in a colour of its own."""
    axes = figure.subplots()
    colours = ("tab:red", "tab:orange", "tab:green", "tab:blue")
    notes = [note for chord in chorale for note in chord] or [60]
    for step, chord in enumerate(chorale):
        for voice, note in enumerate(sorted(chord, reverse=True)):
            axes.barh(note, 0.95, left=step, height=0.9, color=colours[min(voice, 3)])
    axes.set_ylim(min(notes) - 2, max(notes) + 2)
    axes.set_yticks(
        [note for note in range(min(notes) - 2, max(notes) + 3) if note % 12 == 0],
        [f"C{note // 12 - 1}" for note in range(min(notes) - 2, max(notes) + 3) if note % 12 == 0],
    )
    axes.set_xlabel("quarter")
    axes.set_title(title)
