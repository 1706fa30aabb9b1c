"""Fill the gap: a word, or in Chinese a character, from what stands before it and behind it."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

import zoo
from recipes import datasets
from recipes.datasets import gutenberg, tatoeba
from recipes.datasets.reading import read_text
from recipes.datasets.splitting import held_out
from recipes.datasets.tang_poetry import read_poems
from recipes.drawings.gaps import draw_gaps
from recipes.metrics.answers import answered
from recipes.recipe import Assets, Recipe, Shown, TrainingSettings, register
from zoo.deferred import keras, tf
from zoo.errors import InputError, unknown_name
from zoo.tuning import Parameter

# Words, or characters, in which Chinese is written without spaces.
UNITS = ("words", "characters")
CHINESE = {
    "tatoeba-cmn-eng": "我_ _想吃羊肉。",
    "chinese-poetry-tang": "白日依___盡，黃河入海流。",
}
HAN = re.compile("[\u3400-\u9fff]")
# A gap of one underscore, as Chinese exercises write it.
SHORT_GAP = re.compile("(?<!_)_(?!_)")
# Rows asked at once: each word of them gets a number for every word of the vocabulary.
MEASURED_AT_ONCE = 48


@dataclasses.dataclass(frozen=True)
class Settings(TrainingSettings):
    """Settings of cloze, with the reason beside each value."""

    # "gutenberg-books", English novels; "tatoeba-cmn-eng", Chinese sentences of daily life; or
    # "chinese-poetry-tang", verse.
    dataset: str = "gutenberg-books"
    # What a gap hides: "words" or "characters"; None: characters in the Chinese datasets.
    unit: str | None = None
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
    """The vocabulary, and what a gap hides.

    Attributes:
        words: Lower-cased words, or characters.
        unit: "words" or "characters".
    """

    words: zoo.text.Vocabulary
    unit: str = "words"

    def save(self, folder: Path) -> None:
        self.words.save(folder / "words.txt")
        (folder / "unit.txt").write_text(self.unit, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> ClozeAssets:
        file = folder / "unit.txt"
        # Runs from before there were characters have no such file.
        unit = file.read_text(encoding="utf-8") if file.is_file() else "words"
        return cls(zoo.text.Vocabulary.load(folder / "words.txt"), unit)


@register
class Cloze(Recipe):
    name = "cloze"
    title = "Fill the gap: the missing word of a sentence, or character of a Chinese one"
    topology = "cloze"
    datasets = ("gutenberg-books", *CHINESE)
    metric = "accuracy_at_1"
    lower_is_better = False
    own_data = (
        "a UTF-8 text file of English prose; blank lines separate paragraphs, which are cut into "
        "sentences; with --set unit=characters of Chinese, a sentence or a verse a line"
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
        sizes = dict.fromkeys(("validation", "test"), settings.held_out_sentences)
        if data is not None:
            if _unit(settings) == "characters":
                own = _character_rows(read_text(data).split("\n"), settings.max_words)
            else:
                own = _sentences(read_text(data), settings.max_words)
            if not own:
                raise InputError(f"{data}: no sentence in the file; expected {self.own_data}")
            return held_out(own, split, sizes, what="sentences")
        _check("dataset", settings.dataset, self.datasets)
        if settings.dataset in CHINESE:
            found = held_out(_chinese(settings.dataset), split, sizes, what="texts")
            return _character_rows(found, settings.max_words)
        paths = datasets.fetch(settings.dataset, list(gutenberg.BOOKS[split]))
        books = (gutenberg.read_book(paths[name]) for name in gutenberg.BOOKS[split])
        return [one for book in books for one in _sentences(book, settings.max_words)]

    def prepare(self, settings, examples):
        lowered = ([word.lower() for word in words] for words in examples)
        words = zoo.text.Vocabulary.build(lowered, max_size=settings.vocabulary_size)
        return ClozeAssets(words, _unit(settings))

    # Model and objective -------------------------------------------------------------------

    def build(self, settings, assets):
        return self.built(
            settings,
            vocabulary_size=len(assets.words),
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
            _front(assets.unit),
            num_alternatives=settings.num_alternatives,
        )

    def inputs(self, given):
        texts = [SHORT_GAP.sub("__", text) if HAN.search(text) else text for text in given]
        for text in texts:
            front = _front("characters" if HAN.search(text) else "words")
            if not any(set(word) == {"_"} and len(word) > 1 for word in front.split_text(text)):
                raise InputError(f"{text!r}: there is no gap in it; write one as ___")
        return {"text": texts}

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

    def example_for(self, settings):
        return CHINESE.get(settings.dataset, self.example)

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
            space = "" if HAN.search("".join(words)) else " "
            pairs.append((space.join(gapped), words[place].lower()))
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


def _front(unit: str) -> zoo.text.TextFront:
    """Returns what a text goes through; NFC, so that it comes back with its own signs."""
    cut = "treebank_compounds" if unit == "words" else "gapped_characters"
    return zoo.text.TextFront(zoo.text.Normalizer("NFC"), zoo.text.tokenizers.get(cut))


def _check(name: str, value: str, allowed) -> None:
    if value not in allowed:
        raise unknown_name(f"{name} of recipe cloze", value, allowed)


def _unit(settings) -> str:
    if settings.unit is not None:
        _check("unit", settings.unit, UNITS)
        return settings.unit
    return "characters" if settings.dataset in CHINESE else "words"


def _chinese(dataset: str) -> list[str]:
    """Different texts: sentences, or whole poems."""
    if dataset == "tatoeba-cmn-eng":
        (path,) = datasets.fetch(dataset, ["cmn-eng.zip"]).values()
        return list(dict.fromkeys(chinese for _, chinese in tatoeba.read_pairs(path)))
    names = [f"poet.tang.{number}.json" for number in range(0, 10_000, 1000)]
    paths = datasets.fetch(dataset, names)
    poems = (poem for name in names for poem in read_poems(paths[name]) if poem.is_clean)
    return list(dict.fromkeys("".join(poem.couplets) for poem in poems))


def _character_rows(texts, max_words: int) -> list[tuple[str, ...]]:
    """Cuts texts into characters; long ones into parts of `max_words`."""
    texts = [text for text in texts if text.strip()]
    rows = _front("characters").split_texts(texts) if texts else []
    return [
        tuple(row[start : start + max_words])
        for row in rows
        for start in range(0, len(row), max_words)
    ]


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
        for row in _front("words").split_texts(parts)
        for start in range(0, len(row), max_words)
    ]


def _commonest(counts: Counter) -> list[str]:
    # Ties by code point: the order must not depend on that of the data.
    return sorted(counts, key=lambda word: (-counts[word], word))[:5]
