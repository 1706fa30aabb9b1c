"""chorales: keys, chord texts, MIDI files, and a run on a person's own file."""

import math

import pytest

import recipes
from recipes.families.music import chord_text, key_of, read_chord_text, transposed, write_midi
from zoo.errors import InputError

# I IV V I in C major, and in C minor.
MAJOR = [(48, 55, 64, 72), (53, 57, 65, 72), (43, 59, 62, 71), (48, 55, 64, 72)]
MINOR = [(48, 55, 63, 72), (53, 56, 65, 72), (43, 58, 62, 70), (48, 55, 63, 72)]
TINY = {"units": 8, "embedding_dim": 6, "num_layers": 1, "batch_size": 4, "warmup_steps": 0}


@pytest.mark.parametrize("semitones", [-5, 0, 4])
def test_the_key_of_a_cadence(semitones):
    tonic = ["C", "C#", "D", "Eb", "E", "F", "F#", "G"][semitones % 12 if semitones >= 0 else 7]
    assert key_of(transposed(MAJOR, semitones)) == f"{tonic} major"
    assert key_of(transposed(MINOR, semitones)) == f"{tonic} minor"


def test_chord_texts_come_back():
    assert chord_text(MAJOR[:2]) == "72 64 55 48 | 72 65 57 53 |"
    assert read_chord_text(chord_text([*MAJOR, ()])) == [*MAJOR, ()]
    assert read_chord_text("60 | 64 62") == [(60,), (62, 64)]
    for wrong in ("12 |", "x |", "200 |", "60.5 |"):
        with pytest.raises(InputError, match="from 21 to 108"):
            read_chord_text(wrong)


def test_a_midi_file_holds_each_note_as_long_as_it_sounds(tmp_path):
    import mido

    write_midi([(60, 64), (60, 67), ()], tmp_path / "a.mid")
    now, began, notes = 0, {}, []
    for message in mido.MidiFile(tmp_path / "a.mid").tracks[0]:
        now += message.time
        if message.type == "note_on":
            began[message.note] = now
        elif message.type == "note_off":
            notes.append((message.note, began.pop(message.note), now))
    assert not began
    assert sorted(notes) == [(60, 0, 960), (64, 0, 480), (67, 480, 960)]


@pytest.mark.slow
def test_own_chorales_fit_measure_and_write(tmp_path):
    path = tmp_path / "own.tsv"
    rows = [(chord_text(transposed(MAJOR, i % 5)), f"key {i % 5}") for i in range(24)]
    path.write_text("".join(f"{a}\t{b}\n" for a, b in rows), encoding="utf-8")
    run = recipes.get("chorales").fit(tmp_path / "run", data=path, steps=4, **TINY)
    measured = run.evaluate("validation")
    assert measured["frames"] == 4 * measured["chorales"]
    # Five tokens a chord and one end: an untrained model is near the logarithm of the vocabulary.
    assert 0 < measured["nats_per_frame"] < 6 * math.log(len(run.assets.vocabulary))
    answer = run.answers(label=["key 1"], max_length=9)
    assert len(answer["text"][0].split()) <= 9
    assert run.recipe.write(tmp_path / "x.mid", "key 1", answer) and (tmp_path / "x.mid").exists()
    assert not run.recipe.write(tmp_path / "x.png", "key 1", answer)


def test_a_wrong_note_is_named_by_row(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("60 64 |\tC\n60 999 |\tC\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"row 2: '999'"):
        recipes.get("chorales").fit(tmp_path / "run", data=path, steps=1, **TINY)
