"""How long a cell remembers: the adding and the copying problem."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

import zoo
from recipes.datasets.memory_problems import COPIED, SYMBOLS, adding_problem, copying_problem
from recipes.metrics.answers import answered
from recipes.recipe import Assets, Published, Recipe, Shown, TrainingSettings, register
from zoo.deferred import keras, tf
from zoo.errors import InputError, unknown_name
from zoo.tuning import Parameter

PROBLEMS = ("adding", "copying")
INITIALISATIONS = ("chrono", "keras", "identity")
# Seeds of the three parts.
SEEDS = {"train": 1, "validation": 2, "test": 3}
# A sum that is off by less counts as right, as in Hochreiter & Schmidhuber 1997.
TOLERANCE = 0.04


# Stands behind the two numbers that are to be added.
MARK = "*"


@dataclasses.dataclass(frozen=True)
class Settings(TrainingSettings):
    """Settings of long_memory, with the reason beside each value."""

    problem: str = "adding"
    # T: steps of the adding problem, the wait of the copying problem.
    length: int = 200
    # Steps of the shortest training sequence of the adding problem, each length up to T as likely:
    # who has seen one length alone knows no other, such as the card's six numbers. None: all of T.
    # What is measured has T steps.
    shortest: int | None = 2
    cell: str = "lstm"
    units: int = 64
    # "chrono" (Tallec & Ollivier 2018): the gates of an lstm or gru start with memories of 1 to T
    # steps; the paper's LSTM solves the problems sooner with it. Other cells start as with "keras",
    # where an lstm's forget bias is 1 (Gers et al. 2000). "identity" (Le et al. 2015) is a
    # simple_rnn of ReLUs whose state starts by being copied.
    initialisation: str = "chrono"
    # Of the training part; each is seen once or twice.
    sequences: int = 64_000
    # Of the validation and of the test part.
    judged_sequences: int = 4_000
    batch_size: int = 64
    epochs: float = 1.5
    learning_rate: float = 5e-3
    warmup_steps: int = 50
    # Without it a plain RNN's gradients explode now and then.
    clip_norm: float = 1.0
    round_steps: int | None = 250


class Remembered(NamedTuple):
    """A sequence, float [T, 2] or int [T + 20], and its sum or its ten symbols."""

    sequence: np.ndarray
    answer: np.ndarray


@dataclasses.dataclass(frozen=True)
class MemoryAssets(Assets):
    """Which problem, of which length."""

    problem: str
    length: int

    def save(self, folder: Path) -> None:
        content = json.dumps(dataclasses.asdict(self))
        (folder / "problem.json").write_text(content, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> MemoryAssets:
        return cls(**json.loads((folder / "problem.json").read_text(encoding="utf-8")))


@register
class LongMemory(Recipe):
    name = "long_memory"
    title = "How long a cell remembers: adding and copying"
    topology = "n_to_one"
    datasets = ()
    metric = "mse"
    lower_is_better = True
    published = (
        Published(
            "always 1, of the adding problem", "0.167", None, "any", "the variance of the sum, 1/6"
        ),
        Published(
            "solved, by custom", "under 0.01", None, "any", "e.g. Le et al. 2015, arXiv:1504.00941"
        ),
    )
    own_data = (
        "none: the sequences are made from a seed, by `--set problem=adding` or `copying` and "
        "`--set length=200`"
    )
    example = "0.31 0.5* 0.2 0.7 0.11* 0.9"
    settings = Settings()
    assets = MemoryAssets
    input_name = "text"
    search_space = (
        Parameter("units", choices=(32, 64, 128)),
        Parameter("initialisation", choices=("chrono", "keras")),
        Parameter("learning_rate", low=5e-4, high=2e-2, log=True),
        Parameter("clip_norm", choices=(0.5, 1.0, 5.0)),
    )

    # Data ----------------------------------------------------------------------------------

    def read(self, settings, data, split):
        if data is not None:
            raise InputError(
                f"{data}: recipe long_memory takes no data of one's own; its sequences are made "
                f"from a seed, see --set problem= and --set length="
            )
        if settings.problem not in PROBLEMS:
            raise unknown_name("problem of recipe long_memory", settings.problem, PROBLEMS)
        if settings.length < 2:
            raise InputError(f"setting length={settings.length}: expected 2 or more")
        count = settings.sequences if split == "train" else settings.judged_sequences
        if count < 1:
            raise InputError(f"{count} sequences to make; expected 1 or more")
        if settings.problem == "copying":
            made = copying_problem(count, settings.length, SEEDS[split])
            return [Remembered(*pair) for pair in zip(*made, strict=True)]
        shortest = settings.shortest
        if shortest is not None and not 2 <= shortest <= settings.length:
            raise InputError(
                f"setting shortest={shortest}: expected 2 to {settings.length}, the length, or none"
            )
        shortest = shortest if split == "train" else None
        made = adding_problem(count, settings.length, SEEDS[split], shortest)
        return [
            Remembered(steps[:length], total) for steps, total, length in zip(*made, strict=True)
        ]

    def prepare(self, settings, examples):
        return MemoryAssets(settings.problem, settings.length)

    # Model and objective -------------------------------------------------------------------

    def build(self, settings, assets):
        if settings.initialisation not in INITIALISATIONS:
            raise unknown_name("initialisation", settings.initialisation, INITIALISATIONS)
        cell = settings.cell
        if settings.initialisation == "identity":
            cell = [_identity_cell(settings)]
        if assets.problem == "adding":
            model = self.built(
                settings,
                topology="n_to_one",
                num_classes=1,
                num_features=2,
                cell=cell,
            )
        else:
            model = self.built(
                settings,
                topology="n_to_n",
                num_classes=SYMBOLS,
                vocabulary_size=SYMBOLS + 2,
                embedding_dim=SYMBOLS + 2,
                cell=cell,
            )
        if settings.initialisation == "chrono":
            start_with_long_memory(model, settings.cell, settings.length)
        return model

    def columns(self, assets, examples):
        lengths = np.array([len(example.sequence) for example in examples], "int32")
        longest = lengths.max()
        sequences = np.stack([_padded(example.sequence, longest) for example in examples])
        answers = np.stack([example.answer for example in examples])
        return {"sequence": sequences, "answer": answers, "length": lengths}, lengths

    def features(self, columns):
        sequence, answer, length = columns["sequence"], columns["answer"], columns["length"]
        # Rows of like length go together; what is padding in all of them is cut off.
        sequence = sequence[:, : tf.reduce_max(length)]
        if sequence.dtype == tf.float32:
            return {"features": sequence, "length": length}, {"logits": answer[:, None]}
        # Only the recalled symbols are judged.
        before = tf.fill([tf.shape(sequence)[0], tf.shape(sequence)[1] - COPIED], -1)
        return {"tokens": sequence, "length": length}, {"logits": tf.concat([before, answer], 1)}

    def objective(self, settings):
        adding = settings.problem == "adding"
        loss = keras.losses.MeanSquaredError() if adding else zoo.training.step_cross_entropy()
        return {"loss": {"logits": loss}, "metrics": None}

    # What is exported and how it is measured -----------------------------------------------

    def module(self, settings, assets, model):
        from recipes.families.memory_problems import MarkedSum, Recall

        if assets.problem == "adding":
            return MarkedSum(model)
        return Recall(model, assets.length)

    def measure(self, settings, answers, examples):
        if settings.problem == "adding":
            said = np.zeros(len(examples))
            asked = answered(answers, examples, _steps, "steps", length=lambda one: 0)
            for row, answer in asked:
                said[row] = answer["sum"]
            return _adding_metrics(said, examples)
        nats, right = [], []
        asked = answered(answers, examples, _tokens, "tokens", length=lambda one: 0)
        for row, answer in asked:
            symbols = examples[row].answer
            probabilities = answer["probabilities"][-COPIED:]
            nats.append(-np.log(probabilities[np.arange(COPIED), symbols]).mean())
            right.append(probabilities.argmax(-1) == symbols)
        return _copying_metrics(np.array(right), float(np.mean(nats)))

    def baselines(self, settings, train, examples):
        if settings.problem == "copying":
            first = np.array([example.answer for example in examples])[:, :1]
            guess = np.array([example.answer for example in examples]) == first[0, 0]
            return {"always one symbol": _copying_metrics(guess, float(np.log(SYMBOLS)))}
        sums = np.array([example.answer for example in train])
        flat, asked = (
            np.stack([_padded(example.sequence, settings.length).ravel() for example in part])
            for part in (train, examples)
        )
        weights = np.linalg.lstsq(flat - flat.mean(0), sums - sums.mean(), rcond=None)[0]
        guesses = {
            "always the mean": np.full(len(examples), sums.mean()),
            "linear regression on all steps": sums.mean() + (asked - flat.mean(0)) @ weights,
        }
        return {name: _adding_metrics(said, examples) for name, said in guesses.items()}

    def inputs(self, given):
        for text in given:
            _check(text)
        return {self.input_name: list(given)}

    def lines(self, inputs, answer):
        lines = []
        for row, (given, said) in enumerate(zip(inputs, self.says(answer), strict=True)):
            short = given if len(given) <= 60 else f"{given[:57]}..."
            note = ""
            if "gradient_norm" in answer:
                norms = answer["gradient_norm"][row, : answer["length"][row]]
                if len(norms) and norms[-1] > 0:
                    note = f"\tgradient at the first step {norms[0] / norms[-1]:.2g} of the last"
            lines.append(f"{short}\t{said}{note}")
        return lines

    def says(self, answer):
        if "sum" in answer:
            return [f"{total:.3f}" for total in answer["sum"]]
        return [text.decode() for text in answer["text"]]

    def draw(self, figure, given, answer):
        axes = figure.subplots()
        if "gradient_norm" not in answer:
            axes.bar(range(COPIED), answer["probability"][0], color="gray")
            axes.set_xticks(range(COPIED), list(self.says(answer)[0]))
            axes.set_ylim(0, 1)
            axes.set_ylabel("probability")
            axes.set_title(f"{given}, recalled")
            return
        norms = answer["gradient_norm"][0, : answer["length"][0]]
        steps = np.arange(1, len(norms) + 1)
        axes.semilogy(steps, np.maximum(norms, 1e-12))
        for place, word in enumerate(given.split(), start=1):
            if word.endswith(MARK):
                axes.axvline(place, color="C1", linestyle=":")
        axes.set_xlabel("step (dotted: marked)")
        axes.set_ylabel("norm of d sum / d state")
        axes.set_title(f"sum {self.says(answer)[0]}")

    def samples(self, examples, count):
        return [(_as_text(example), _truth(example)) for example in examples[:count]]

    def show(self, answers, examples, count):
        pairs = self.samples(examples, count)
        said = self.says(answers(**self.inputs([given for given, _ in pairs])))
        shown = []
        for index, ((given, truth), says) in enumerate(zip(pairs, said, strict=True)):
            right = says == truth
            marked = [word for word in given.split() if word.endswith(MARK)]
            if marked:
                right = abs(float(says) - float(truth)) < TOLERANCE
                given = f"{len(given.split())} numbers, of them {' and '.join(marked)}"
            shown.append(Shown(f"validation sequence {index}: {given}", says, truth, right))
        return shown

    def warmup(self):
        # Ten digits are also a number: this fits the models of both problems. The two others are
        # of one problem each.
        length = np.array([12], "int32")
        return [
            ("serving_default", {"text": np.array([b"0123456701"], object)}),
            ("steps", {"features": np.full([1, 12, 2], 0.5, "float32"), "length": length}),
            ("tokens", {"tokens": np.ones([1, 12], "int32"), "length": length}),
        ]


def start_with_long_memory(model: keras.Model, cell: str, length: int) -> None:
    """Draws the gates' biases so that the units start with memories of 1 to T steps.

    Tallec & Ollivier 2018, "Can recurrent neural networks warp time?": b_f = log(u), u even in
    [1, T - 1], and b_i = -b_f for an LSTM; the update gate of a GRU is its forget gate. A cell
    without gates is left as it is.
    """
    if cell not in ("lstm", "gru"):
        return
    bias = model.get_layer("recurrence").layers[0].cell.bias
    units = model.get_layer("recurrence").output_size
    memories = keras.random.uniform([units], 1.0, max(length - 1.0, 1.001))
    keep = np.log(keras.ops.convert_to_numpy(memories))
    start = bias.numpy().copy()
    if cell == "lstm":
        # Keras's order: input, forget, candidate, output.
        start[:units], start[units : 2 * units] = -keep, keep
    else:
        # Update, reset, candidate; of two rows the first belongs to the inputs.
        start[0, :units] = keep
    bias.assign(start)


def _identity_cell(settings):
    if settings.cell != "simple_rnn":
        raise InputError(
            f"initialisation 'identity' is for the cell simple_rnn, not {settings.cell}; expected "
            f"chrono or keras"
        )
    return keras.layers.SimpleRNNCell(
        settings.units,
        activation="relu",
        kernel_initializer=keras.initializers.RandomNormal(stddev=1e-3),
        recurrent_initializer="identity",
    )


def _padded(sequence: np.ndarray, length: int) -> np.ndarray:
    missing = length - len(sequence)
    return np.pad(sequence, [(0, missing)] + [(0, 0)] * (sequence.ndim - 1))


def _steps(examples):
    steps = np.stack([example.sequence for example in examples])
    return {"features": steps, "length": np.full(len(steps), steps.shape[1], "int32")}


def _tokens(examples):
    tokens = np.stack([example.sequence for example in examples])
    return {"tokens": tokens, "length": np.full(len(tokens), tokens.shape[1], "int32")}


def _adding_metrics(said: np.ndarray, examples) -> dict[str, float]:
    errors = said - np.array([example.answer for example in examples], "float64")
    return {
        "sequences": len(examples),
        "mse": float((errors**2).mean()),
        "right_share": float((np.abs(errors) < TOLERANCE).mean()),
    }


def _copying_metrics(right: np.ndarray, nats: float) -> dict[str, float]:
    return {
        "sequences": len(right),
        "symbol_error": float(1 - right.mean()),
        "nats_a_symbol": nats,
        "right_share": float(right.all(1).mean()),
    }


def _as_text(example: Remembered) -> str:
    if example.sequence.ndim == 1:
        return "".join(map(str, example.answer))
    words = (f"{number:.4f}{MARK if mark else ''}" for number, mark in example.sequence)
    return " ".join(words)


def _truth(example: Remembered) -> str:
    if example.sequence.ndim == 1:
        return _as_text(example)
    return f"{example.answer:.3f}"


def _check(text: str) -> None:
    """Refuses what is neither numbers with stars nor ten digits."""
    if len(text) == COPIED and text.isdigit():
        if not set(text) <= set("01234567"):
            raise InputError(f"{text!r}: expected ten digits from 0 to 7")
        return
    try:
        for word in text.split():
            float(word.removesuffix(MARK))
    except ValueError:
        word = next(w for w in text.split() if not _is_number(w.removesuffix(MARK)))
        raise InputError(
            f"{word!r} in {text[:40]!r}: expected numbers, the marked ones with a star: "
            f"{LongMemory.example!r}; or, of the copying problem, ten digits from 0 to 7"
        ) from None
    if not text.split():
        raise InputError(f"an empty line; expected numbers: {LongMemory.example!r}")


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
