"""Fill the gap: a word from what stands before it and behind it."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

import zoo
from recipes import datasets
from recipes.datasets import gutenberg
from recipes.datasets.reading import read_text
from recipes.datasets.splitting import held_out
from recipes.drawings.gaps import draw_gaps
from recipes.metrics.answers import answered
from recipes.recipe import Assets, Recipe, Shown, TrainingSettings, register
from zoo.deferred import keras, tf
from zoo.errors import InputError
from zoo.tuning import Parameter


# NFC: a text comes back with its gaps filled, and with its own signs.
def _front() -> zoo.text.TextFront:
    """Returns what a text goes through."""
    return zoo.text.TextFront(zoo.text.Normalizer("NFC"), zoo.text.treebank_compounds)


# Rows asked at once: each word of them gets a number for every word of the vocabulary.
MEASURED_AT_ONCE = 48


@dataclasses.dataclass(frozen=True)
class Settings(TrainingSettings):
    """Settings of cloze, with the reason beside each value."""

    # False reads what stands before a gap alone.
    bidirectional: bool = True
    vocabulary_size: int = 10000
    # Longer sentences are cut: the novels have some of several hundred words.
    max_words: int = 40
    # Sentences held out for "validation" and "test" of one's own file.
    held_out_sentences: int = 1000
    units: int = 192
    embedding_dim: int = 100
    num_layers: int = 1
    cell: str = "lstm"
    dropout: float = 0.2
    batch_size: int = 48
    epochs: float = 2.0
    learning_rate: float = 4e-3
    warmup_steps: int = 200
    clip_norm: float = 2.0
    ema_momentum: float | None = 0.995
    # Words that a gap's own competes with in training, of the vocabulary's 10,000.
    num_sampled: int = 1024
    # Sentences that are measured, the same ones always: a whole book's words take ten minutes.
    measured_sentences: int = 1000
    num_alternatives: int = 5


@dataclasses.dataclass(frozen=True)
class ClozeAssets(Assets):
    """The vocabulary of lower-cased words."""

    words: zoo.text.Vocabulary

    def save(self, folder: Path) -> None:
        self.words.save(folder / "words.txt")

    @classmethod
    def load(cls, folder: Path) -> ClozeAssets:
        return cls(zoo.text.Vocabulary.load(folder / "words.txt"))


@register
class Cloze(Recipe):
    name = "cloze"
    title = "Fill the gap: the missing word of a sentence"
    topology = "cloze"
    datasets = ("gutenberg-books",)
    metric = "accuracy_at_1"
    lower_is_better = False
    own_data = (
        "a UTF-8 text file of English prose; blank lines separate paragraphs, which are cut into "
        "sentences"
    )
    example = "She was looking forward to seeing her ___ again."
    settings = Settings()
    assets = ClozeAssets
    input_name = "text"
    search_space = (
        Parameter("units", choices=(128, 192, 256)),
        Parameter("embedding_dim", choices=(96, 128, 160)),
        Parameter("dropout", low=0.0, high=0.4),
        Parameter("learning_rate", low=1e-3, high=1e-2, log=True),
    )

    # Data ----------------------------------------------------------------------------------

    def read(self, settings, data, split):
        if data is not None:
            sizes = dict.fromkeys(("validation", "test"), settings.held_out_sentences)
            own = _sentences(read_text(data), settings.max_words)
            if not own:
                raise InputError(f"{data}: no sentence in the file, expected English prose")
            return held_out(own, split, sizes, what="sentences")
        paths = datasets.fetch(self.datasets[0], list(gutenberg.BOOKS[split]))
        books = (gutenberg.read_book(paths[name]) for name in gutenberg.BOOKS[split])
        return [one for book in books for one in _sentences(book, settings.max_words)]

    def prepare(self, settings, examples):
        lowered = ([word.lower() for word in words] for words in examples)
        return ClozeAssets(zoo.text.Vocabulary.build(lowered, max_size=settings.vocabulary_size))

    # Model and objective -------------------------------------------------------------------

    def build(self, settings, assets):
        return zoo.build(
            self.topology,
            vocabulary_size=len(assets.words),
            units=settings.units,
            embedding_dim=settings.embedding_dim,
            cell=settings.cell,
            num_layers=settings.num_layers,
            bidirectional=settings.bidirectional,
            dropout=settings.dropout,
        )

    def columns(self, assets, examples):
        flat = tf.constant([word for words in examples for word in words], tf.string)
        ids = assets.words.ids(tf.strings.lower(flat, encoding="utf-8"))
        lengths = np.array([len(words) for words in examples])
        return {"words": tf.RaggedTensor.from_row_lengths(ids, lengths)}, lengths

    def features(self, columns):
        words = columns["words"].to_tensor(zoo.text.PAD_ID)
        length = tf.cast(columns["words"].row_lengths(), tf.int32)
        # What a gap hides is a word: one that the vocabulary lacks teaches nothing.
        wanted = tf.where(words == zoo.text.UNKNOWN_ID, zoo.text.PAD_ID, words)
        return {"tokens": words, "length": length, "wanted": wanted}, {"nats": wanted}

    def trained(self, settings, model):
        wanted = keras.Input([None], dtype="int32", name="wanted")
        hidden = model.get_layer("dropout").output
        layers = (model.get_layer(name) for name in ("embedding", "output_bias"))
        nats = zoo.training.SampledNats(*layers, settings.num_sampled, name="nats")(hidden, wanted)
        return keras.Model({**model.input, "wanted": wanted}, {"nats": nats}, name=model.name)

    def objective(self, settings):
        return {"loss": {"nats": _mean_of_words}, "metrics": None}

    # What is exported and how it is measured -----------------------------------------------

    def module(self, settings, assets, model):
        return zoo.signatures.GapFiller(
            model,
            assets.words,
            _front(),
            num_alternatives=settings.num_alternatives,
        )

    def inputs(self, given):
        for text in given:
            if not any(set(word) == {"_"} and len(word) > 1 for word in _front().split_text(text)):
                raise InputError(f"{text!r}: there is no gap in it; write one as ___")
        return {"text": list(given)}

    def measure(self, settings, answers, examples):
        examples = _some(examples, settings.measured_sentences)
        ranks, scores = [], []
        asked = answered(answers, examples, _joined, "every_word", batch_size=MEASURED_AT_ONCE)
        for _, answer in asked:
            count = answer["lengths"]
            ranks.append(answer["rank"][:count])
            scores.append(answer["score"][:count])
        ranks, scores = np.concatenate(ranks), np.concatenate(scores)
        known = ranks > 0
        nats = -np.log(np.maximum(scores[known], 1e-30))
        return {
            "gaps": len(ranks),
            "accuracy_at_1": float(np.mean(ranks == 1)),
            "accuracy_at_5": float(np.mean(known & (ranks <= 5))),
            "perplexity": float(np.exp(nats.mean())) if known.any() else 0.0,
            "known_share": float(known.mean()),
        }

    def baselines(self, settings, train, examples):
        examples = _some(examples, settings.measured_sentences)
        after: dict[str, Counter] = defaultdict(Counter)
        for words in train:
            for before, word in zip(["", *words], words, strict=False):
                after[before.lower()][word.lower()] += 1
        common = _commonest(Counter(word.lower() for words in train for word in words))
        following = {word: _commonest(counts) for word, counts in after.items()}
        pairs = [
            (before.lower(), word.lower())
            for words in examples
            for before, word in zip(["", *words], words, strict=False)
        ]
        said = {
            "the commonest words": [common] * len(pairs),
            "the commonest after the word before": [
                (following.get(before, []) + common)[:5] for before, _ in pairs
            ],
        }
        return {
            name: {
                f"accuracy_at_{k}": sum(
                    word in row[:k] for (_, word), row in zip(pairs, rows, strict=True)
                )
                / len(pairs)
                for k in (1, 5)
            }
            for name, rows in said.items()
        }

    def lines(self, inputs, answer):
        lines = []
        for row, given in enumerate(inputs):
            gaps = [
                ", ".join(
                    f"{word.decode()} ({score:.2f})"
                    for word, score in zip(words, scores, strict=True)
                )
                for words, scores in zip(
                    answer["words"][row, : answer["gaps"][row]], answer["scores"][row], strict=False
                )
            ]
            lines.append("\t".join([given, *gaps]))
        return lines

    def says(self, answer):
        rows = zip(answer["words"], answer["gaps"], strict=True)
        return ["; ".join(words[0].decode() for words in row[:count]) for row, count in rows]

    def show(self, answers, examples, count):
        pairs = self.samples(examples, count)
        answer = answers(text=[given for given, _ in pairs])
        shown = []
        for row, (given, truth) in enumerate(pairs):
            words = [word.decode() for word in answer["words"][row, 0]]
            shown.append(Shown(given, ", ".join(words), truth, words[0] == truth))
        return shown

    def samples(self, examples, count):
        random = np.random.default_rng(0)
        chosen = random.choice(len(examples), min(count, len(examples)), False)
        pairs = []
        for words in (examples[i] for i in sorted(chosen)):
            place = int(random.integers(len(words)))
            gapped = [*words[:place], "___", *words[place + 1 :]]
            pairs.append((" ".join(gapped), words[place].lower()))
        return pairs

    def draw(self, figure, given, answer):
        draw_gaps(figure, given, answer)

    def warmup(self):
        texts = np.array([self.example.encode(), b""])
        return [("serving_default", {"text": texts}), ("every_word", {"tokens": texts})]


def _some(examples: list, count: int) -> list:
    chosen = np.random.default_rng(2016).permutation(len(examples))[:count]
    return [examples[i] for i in np.sort(chosen)]


def _mean_of_words(wanted, nats):
    real = tf.cast(wanted != zoo.text.PAD_ID, tf.float32)
    return tf.math.divide_no_nan(tf.reduce_sum(nats * real), tf.reduce_sum(real))


# What the mean is over, for whoever adds up the losses of parts of a batch.
_mean_of_words.weight = lambda wanted: tf.math.count_nonzero(wanted != zoo.text.PAD_ID)


def _joined(rows) -> dict[str, list[str]]:
    return {"tokens": [" ".join(words) for words in rows]}


def _sentences(text: str, max_words: int) -> list[tuple[str, ...]]:
    """Cuts a text into sentences and those into words; long ones into parts of `max_words`."""
    parts = [
        # Emphasis in these texts is written _so_.
        sentence.replace("_", " ")
        for paragraph in gutenberg.paragraphs(text)
        for sentence in gutenberg.sentences(paragraph)
    ]
    return [
        tuple(row[start : start + max_words])
        for row in _front().split_texts(parts)
        for start in range(0, len(row), max_words)
    ]


def _commonest(counts: Counter) -> list[str]:
    # Ties by code point: the order must not depend on that of the data.
    return sorted(counts, key=lambda word: (-counts[word], word))[:5]
