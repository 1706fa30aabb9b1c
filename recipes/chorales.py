"""Four-voice chorales in a key, chord by chord: 1 to N."""

import dataclasses

import numpy as np

import zoo
from recipes import datasets
from recipes.baselines.ngrams import NGrams
from recipes.datasets.chorales import SPLITS, read_chorales
from recipes.datasets.splitting import held_out
from recipes.datasets.table import read_table
from recipes.families.label_to_text import LabelToTextRecipe, LabelToTextSettings
from recipes.families.music import (
    BAR,
    chord_text,
    draw_score,
    key_of,
    read_chord_text,
    transposed,
    write_midi,
)
from recipes.recipe import Published, Shown, register
from zoo.errors import InputError

# The file's notes lie an octave above where a choir sings them.
TO_SINGERS = -12


@dataclasses.dataclass(frozen=True)
class Settings(LabelToTextSettings):
    """Settings of chorales, with the reason beside each value."""

    dataset: str = "jsb-chorales"
    # Each training chorale is also read in other keys: 12 is all of them, 1 its own alone.
    keys: int = 12
    units: int = 256
    embedding_dim: int = 64
    num_layers: int = 1
    dropout: float = 0.3
    # Small batches: in fewer steps it does not learn to heed the key that it is given.
    batch_size: int = 16
    epochs: float = 22.0
    learning_rate: float = 3e-3
    warmup_steps: int = 100
    clip_norm: float = 1.0
    ema_momentum: float | None = 0.99
    temperature: float = 0.8
    max_length: int = 600
    validation_chorales: int = 10
    test_chorales: int = 10
    # Chorales drawn to measure what is written.
    drawn_chorales: int = 48


@register
class Chorales(LabelToTextRecipe):
    name = "chorales"
    title = "Chorales for four voices in a key, chord by chord"
    datasets = ("jsb-chorales",)
    metric = "nats_per_frame"
    lower_is_better = True
    published = (
        Published(
            "LSTM over frames, N to N",
            "8.45",
            "jsb-chorales",
            "test",
            "Bai et al. 2018 (TCN), table 1",
        ),
        Published(
            "GRU over frames, N to N",
            "8.43",
            "jsb-chorales",
            "test",
            "Bai et al. 2018 (TCN), table 1",
        ),
    )
    own_data = (
        "a UTF-8 text file, chords<TAB>label a line: chords as MIDI numbers separated by spaces, "
        "each chord ended by |, such as 67 62 59 43 | 69 62 57 50 |"
    )
    example = "G major"
    settings = Settings()
    tokenizer = "words"

    def read(self, settings, data, split):
        if data is not None:
            return self._own(settings, data, split)
        (path,) = datasets.fetch(settings.dataset, ["jsb-chorales-quarter.json"]).values()
        chorales = [
            transposed(one, TO_SINGERS) for one in read_chorales(path)[SPLITS[split]] if one
        ]
        if split != "train":
            return [(chord_text(one), key_of(one)) for one in chorales]
        if not 1 <= settings.keys <= 12:
            raise InputError(f"keys={settings.keys}; expected 1 to 12")
        moves = sorted(range(-6, 6), key=abs)[: settings.keys]
        return [
            (chord_text(moved), key_of(moved))
            for one in chorales
            for moved in (transposed(one, semitones) for semitones in moves)
        ]

    def _own(self, settings, data, split):
        rows = []
        for number, (text, label) in enumerate(read_table(data, ("chords", "label")), start=1):
            try:
                rows.append((chord_text(read_chord_text(text)), label))
            except InputError as error:
                raise InputError(f"{data} row {number}: {error}") from error
        sizes = {"validation": settings.validation_chorales, "test": settings.test_chorales}
        return held_out(rows, split, sizes, "chorales")

    def build(self, settings, assets):
        return self.built(
            settings,
            num_features=len(assets.labels),
            vocabulary_size=len(assets.vocabulary),
        )

    def objective(self, settings):
        loss = zoo.training.token_cross_entropy(settings.label_smoothing)
        return {"loss": {"logits": loss}, "metrics": {"logits": [zoo.training.TokenNats()]}}

    def measure(self, settings, answers, examples):
        nats, _ = self.nats(answers, examples)
        frames = sum(text.split().count(BAR) for text, _ in examples)
        return {"chorales": len(examples), "frames": frames, "nats_per_frame": nats / frames}

    def measure_against(self, settings, answers, train, examples):
        labels = sorted({label for _, label in train})
        wanted = [labels[i % len(labels)] for i in range(settings.drawn_chorales)]
        said = self.says(answers(**self.inputs(wanted)))
        drawn = [_sung(text) for text in said]
        sizes = [len(chord) for one in drawn for chord in one]
        return {
            "in_key": float(
                np.mean([bool(a) and key_of(a) == b for a, b in zip(drawn, wanted, strict=True)])
            ),
            "sung_by_four": float(np.mean([3 <= size <= 4 for size in sizes] or [False])),
            "different": len(set(said)) / len(said),
        }

    def baselines(self, settings, train, examples):
        known, asked = ([[*text.split(), "end"] for text, _ in rows] for rows in (train, examples))
        frames = sum(row.count(BAR) for row in asked)
        return {
            f"{order}-gram of notes, whatever the key": {
                "nats_per_frame": sum(map(NGrams(known, order).nats, asked)) / frames
            }
            for order in (1, 6)
        }

    def show(self, answers, examples, count):
        labels = sorted({label for _, label in examples})[:3]
        said = self.says(answers(**self.inputs(labels)))
        rows = []
        for label, text in zip(labels, said, strict=True):
            chorale = _sung(text)
            key = key_of(chorale) if chorale else "no"
            begins = " ".join(text.split()[:30])
            rows.append(
                Shown(label, f"{begins} ... ({len(chorale)} chords, {key})", label, key == label)
            )
        return rows

    def draw(self, figure, given, answer):
        draw_score(figure, _sung(self.says(answer)[0]), given)

    def write(self, path, given, answer):
        if path.suffix not in (".mid", ".midi"):
            return False
        write_midi(_sung(self.says(answer)[0]), path)
        return True


def _sung(text: str):
    """The chords of a drawn text, of which the last may have been cut short."""
    return read_chord_text(text.rsplit(f" {BAR}", 1)[0] + f" {BAR}" if BAR in text else "")
