"""The next chord of a chorale from those before it: N to N over frames of notes."""

import dataclasses
from pathlib import Path

import numpy as np

import zoo
from recipes import datasets
from recipes.datasets.chorales import (
    HIGHEST_NOTE,
    LOWEST_NOTE,
    SPLITS,
    piano_roll,
    read_chorales,
)
from recipes.datasets.reading import numbered_lines
from recipes.datasets.splitting import held_out
from recipes.families.music import chord_text, read_chord_text, transposed
from recipes.metrics.answers import answered
from recipes.recipe import Assets, Published, Recipe, Shown, TrainingSettings, register
from zoo.deferred import tf
from zoo.errors import InputError
from zoo.tuning import Parameter

NUM_NOTES = HIGHEST_NOTE - LOWEST_NOTE + 1


@dataclasses.dataclass(frozen=True)
class Settings(TrainingSettings):
    """Settings of chorale_frames, with the reason beside each value."""

    dataset: str = "jsb-chorales"
    # Each training chorale is also read this many semitones higher and lower. The test is in C.
    transpositions: int = 5
    units: int = 256
    num_layers: int = 1
    cell: str = "lstm"
    dropout: float = 0.2
    batch_size: int = 16
    epochs: float = 60.0
    learning_rate: float = 2e-3
    warmup_steps: int = 100
    clip_norm: float = 1.0
    ema_momentum: float | None = 0.99
    round_steps: int | None = 70
    validation_chorales: int = 10
    test_chorales: int = 10


@dataclasses.dataclass(frozen=True)
class NoAssets(Assets):
    """Nothing: the notes are those of a piano."""

    def save(self, folder: Path) -> None:
        """Writes nothing."""

    @classmethod
    def load(cls, folder: Path) -> "NoAssets":
        return cls()


@register
class ChoraleFrames(Recipe):
    name = "chorale_frames"
    title = "The next chord of a chorale, from all chords before it"
    topology = "n_to_n"
    datasets = ("jsb-chorales",)
    metric = "nats_per_frame"
    lower_is_better = True
    published = (
        Published("LSTM", "8.45", "jsb-chorales", "test", "Bai et al. 2018 (TCN), table 1"),
        Published("GRU", "8.43", "jsb-chorales", "test", "Bai et al. 2018 (TCN), table 1"),
    )
    own_data = (
        "a UTF-8 text file, a piece a line: chords as MIDI numbers separated by spaces, each chord "
        "ended by |, such as 67 62 59 43 | 69 62 57 50 |"
    )
    example = "72 79 84 88 | 72 77 81 89 | 67 74 83 86 |"
    settings = Settings()
    assets = NoAssets
    input_name = "chords"
    search_space = (
        Parameter("units", choices=(128, 256, 384)),
        Parameter("cell", choices=("lstm", "gru")),
        Parameter("dropout", low=0.2, high=0.7),
        Parameter("learning_rate", low=5e-4, high=5e-3, log=True),
    )

    # Data ----------------------------------------------------------------------------------

    def read(self, settings, data, split):
        if data is not None:
            sizes = {"validation": settings.validation_chorales, "test": settings.test_chorales}
            return held_out(_own(data), split, sizes, "pieces")
        (path,) = datasets.fetch(settings.dataset, ["jsb-chorales-quarter.json"]).values()
        chorales = [one for one in read_chorales(path)[SPLITS[split]] if one]
        if split != "train":
            return chorales
        reach = settings.transpositions
        if not 0 <= reach <= 6:
            raise InputError(f"transpositions={reach}; expected 0 to 6")
        return [transposed(one, move) for one in chorales for move in range(-reach, reach + 1)]

    def prepare(self, settings, examples):
        return NoAssets()

    # Model and objective -------------------------------------------------------------------

    def build(self, settings, assets):
        return self.built(
            settings,
            num_classes=NUM_NOTES,
            num_features=NUM_NOTES,
        )

    def columns(self, assets, examples):
        rolls = [piano_roll(one) for one in examples]
        lengths = np.array([len(roll) for roll in rolls])
        flat = tf.constant(np.concatenate(rolls))
        roll = tf.RaggedTensor.from_row_lengths(flat, lengths.astype("int64"), validate=False)
        return {"roll": roll}, lengths

    def features(self, columns):
        roll = columns["roll"]
        length = tf.cast(roll.row_lengths(), tf.int32)
        before = tf.pad(roll.to_tensor(), [[0, 0], [1, 0], [0, 0]])[:, :-1]
        # Padding is not a number, and so is the first frame, which is not judged.
        wanted = roll.to_tensor(float("nan"))
        first = tf.range(tf.shape(wanted)[1])[None, :, None] == 0
        wanted = tf.where(first, float("nan"), wanted)
        return {"features": before, "length": length}, {"logits": wanted}

    def objective(self, settings):
        return {
            "loss": {"logits": zoo.training.frame_cross_entropy},
            "metrics": {"logits": [zoo.training.FrameNats()]},
        }

    # What is exported and how it is measured -----------------------------------------------

    def module(self, settings, assets, model):
        return zoo.signatures.ChordsToChord(model, LOWEST_NOTE, NUM_NOTES)

    def measure(self, settings, answers, examples):
        nats = frames = 0.0
        for _, answer in answered(answers, examples, _rolls, "roll", batch_size=32):
            nats, frames = nats + float(answer["nats"]), frames + int(answer["frames"])
        return {"chorales": len(examples), "frames": int(frames), "nats_per_frame": nats / frames}

    def baselines(self, settings, train, examples):
        notes = np.concatenate([piano_roll(one) for one in train])
        share = np.clip(notes.mean(0), 1e-3, 1 - 1e-3)
        # A note goes on with this chance, and begins with that one, each for itself.
        held = [np.concatenate([piano_roll(one)[:-1] for one in train])]
        held.append(np.concatenate([piano_roll(one)[1:] for one in train]))
        counts = [
            np.stack([(held[0] == a).sum(0), ((held[0] == a) & (held[1] == 1)).sum(0)])
            for a in (0, 1)
        ]
        chances = [(on + share) / (seen + 1) for seen, on in counts]
        nats = np.zeros(2)
        frames = 0
        for one in examples:
            roll = piano_roll(one)
            now, before = roll[1:], roll[:-1]
            frames += len(now)
            for place, chance in enumerate((share, np.where(before == 1, chances[1], chances[0]))):
                chance = np.clip(chance, 1e-4, 1 - 1e-4)
                nats[place] -= (now * np.log(chance) + (1 - now) * np.log(1 - chance)).sum()
        names = ("how common each note is", "whether each note sounded before")
        return {
            name: {"nats_per_frame": float(total / frames)}
            for name, total in zip(names, nats, strict=True)
        }

    def lines(self, inputs, answer):
        return [
            f"{given}\tnext: {said}" for given, said in zip(inputs, self.says(answer), strict=True)
        ]

    def says(self, answer):
        return [
            ", ".join(f"{note} ({chance:.2f})" for note, chance in list(zip(*row, strict=True))[:5])
            for row in zip(answer["notes"], answer["chances"], strict=True)
        ]

    def draw(self, figure, given, answer):
        axes = figure.subplots()
        axes.bar(range(LOWEST_NOTE, HIGHEST_NOTE + 1), answer["probabilities"][0])
        axes.set_xlabel("MIDI number")
        axes.set_ylabel("probability in the next chord")

    def show(self, answers, examples, count):
        rows = []
        for one in examples[:40]:
            place = len(one) // 2
            answer = answers(chords=[chord_text(one[:place])])
            truth = set(one[place])
            likeliest = set(answer["notes"][0][: len(truth)].tolist())
            given = "... " + chord_text(one[max(0, place - 3) : place])
            says, true = self.says(answer)[0], chord_text([one[place]])
            rows.append(Shown(given, says, true, bool(truth) and likeliest == truth))
        return rows

    def warmup(self):
        chords = np.array([self.example.encode(), b""])
        rolls = _rolls([read_chord_text(self.example)])
        return [("serving_default", {"chords": chords}), ("roll", rolls)]


def _rolls(examples):
    longest = max(map(len, examples))
    roll = np.zeros([len(examples), longest, NUM_NOTES], "float32")
    for row, one in zip(roll, examples, strict=True):
        row[: len(one)] = piano_roll(one)
    return {"roll": roll, "length": np.array([len(one) for one in examples], "int32")}


def _own(path):
    pieces = []
    for number, line in numbered_lines(path):
        if not line.strip():
            continue
        try:
            piece = read_chord_text(line)
        except InputError as error:
            raise InputError(f"{path} line {number}: {error}") from error
        if len(piece) < 2:
            raise InputError(f"{path} line {number}: {len(piece)} chord; expected two or more")
        pieces.append(piece)
    return pieces
