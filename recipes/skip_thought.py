"""Vectors of sentences, learned by telling the sentences before and after them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

import zoo
from recipes import datasets
from recipes.datasets import gutenberg
from recipes.datasets.labelled_lines import read_labelled
from recipes.datasets.ppmi_vectors import ppmi_vectors
from recipes.datasets.reading import read_text
from recipes.datasets.splitting import held_out
from recipes.metrics.answers import Answers
from recipes.metrics.sentence_vectors import linear_accuracy, share_found
from recipes.recipe import Assets, Recipe, Shown, TrainingSettings, register
from zoo.deferred import keras, tf
from zoo.errors import InputError
from zoo.tuning import Parameter

# Files of the corpora of labelled sentences that the vectors are tried on: training and test. The
# first two have no split of their own; every tenth sentence is their test.
TASKS = {
    "mr-polarity": ("rt-polarity.all", None),
    "subj": ("subj.all", None),
    "trec": ("TREC.train.all", "TREC.test.all"),
}
ASKED_AT_ONCE = 500


@dataclasses.dataclass(frozen=True)
class Settings(TrainingSettings):
    """Settings of skip_thought, with the reason beside each value."""

    dataset: str = "gutenberg-books"
    # More, and the model would be over 15 MiB.
    vocabulary_size: int = 7000
    # Longer sentences are cut: the novels have some of several hundred words.
    max_words: int = 25
    validation_sentences: int = 500
    test_sentences: int = 500
    units: int = 160
    # Of the encoder, whose embedding starts from vectors of which words stand near which in the
    # training books (`recipes.datasets.ppmi_vectors`); with False it starts from random ones.
    embedding_dim: int = 256
    ppmi_vectors: bool = True
    # Six novels would pull them apart again.
    train_embedding: bool = False
    # Of the decoders, which matter less.
    target_embedding_dim: int = 96
    cell: str = "gru"
    bidirectional: bool = True
    pooling: str = "mean_max"
    tie_embeddings: bool = True
    dropout: float = 0.1
    # Of the words that the decoders read.
    token_dropout: float = 0.0
    batch_size: int = 64
    epochs: float = 4.0
    learning_rate: float = 2e-3
    warmup_steps: int = 300
    clip_norm: float = 2.0
    ema_momentum: float | None = 0.995
    # Sentences whose next one is looked for, in groups of 100.
    retrieved_sentences: int = 500


@dataclasses.dataclass(frozen=True)
class SkipThoughtAssets(Assets):
    """What is known before the training.

    Attributes:
        words: The vocabulary, lower-cased.
        max_words: Where sentences are cut.
        vectors: What the encoder's embedding starts from, [words, embedding_dim]; None: random.
    """

    words: zoo.text.Vocabulary
    max_words: int
    vectors: np.ndarray | None = None

    def save(self, folder: Path) -> None:
        self.words.save(folder / "words.txt")
        (folder / "max_words.txt").write_text(str(self.max_words), encoding="utf-8")
        if self.vectors is not None:
            np.save(folder / "vectors.npy", self.vectors)

    @classmethod
    def load(cls, folder: Path) -> SkipThoughtAssets:
        cut = int((folder / "max_words.txt").read_text(encoding="utf-8"))
        path = folder / "vectors.npy"
        vectors = np.load(path) if path.is_file() else None
        return cls(zoo.text.Vocabulary.load(folder / "words.txt"), cut, vectors)


@register
class SkipThought(Recipe):
    name = "skip_thought"
    title = "Sentence vectors, learned from the sentences before and after"
    topology = "skip_thought"
    datasets = ("gutenberg-books", "mr-polarity", "subj", "trec")
    metric = "found_first"
    lower_is_better = False
    own_data = "a UTF-8 text file of prose; blank lines separate paragraphs"
    example = "She opened the door and looked out into the rain."
    settings = Settings()
    assets = SkipThoughtAssets
    input_name = "text"
    search_space = (
        Parameter("units", choices=(96, 128, 160)),
        Parameter("pooling", choices=("last", "mean", "max", "mean_max")),
        Parameter("dropout", low=0.0, high=0.4),
        Parameter("token_dropout", low=0.0, high=0.9),
        Parameter("learning_rate", low=5e-4, high=5e-3, log=True),
    )

    # Data ----------------------------------------------------------------------------------

    def read(self, settings, data, split):
        if data is not None:
            triples = _triples(read_text(data))
            if not triples:
                raise InputError(f"{data}: expected three sentences in a row, and more")
            sizes = {"validation": settings.validation_sentences, "test": settings.test_sentences}
            return held_out(triples, split, sizes, "sentences with a neighbour on both sides")
        paths = datasets.fetch(settings.dataset, list(gutenberg.BOOKS[split]))
        return [
            triple
            for name in gutenberg.BOOKS[split]
            for triple in _triples(gutenberg.read_book(paths[name]))
        ]

    def prepare(self, settings, examples):
        split = zoo.text.split_words(
            tf.constant([sentence for _, sentence, _ in examples])
        ).to_list()
        sentences = [[word.decode() for word in row] for row in split]
        vocabulary = zoo.text.Vocabulary.build(sentences, max_size=settings.vocabulary_size)
        vectors = None
        if settings.ppmi_vectors:
            count = len({word for words in sentences for word in words})
            if count <= settings.embedding_dim:
                raise InputError(
                    f"{count} words are too few for vectors of {settings.embedding_dim} "
                    f"numbers; expected a longer text, a smaller embedding_dim, or "
                    f"ppmi_vectors=false"
                )
            known, values = ppmi_vectors(sentences, settings.embedding_dim, min_count=1)
            found = zoo.text.WordVectors(dict(zip(known, values, strict=True)))
            vectors, _ = found.matrix(vocabulary.tokens)
        return SkipThoughtAssets(vocabulary, settings.max_words, vectors)

    # Model and objective -------------------------------------------------------------------

    def build(self, settings, assets):
        return self.built(
            settings,
            vocabulary_size=len(assets.words),
            word_vectors=assets.vectors,
            train_embedding=settings.train_embedding or assets.vectors is None,
        )

    def columns(self, assets, examples):
        columns = {}
        for place, name in enumerate(("previous", "sentence", "next")):
            texts = tf.constant([triple[place] for triple in examples])
            columns[name] = assets.words.ids(zoo.text.split_words(texts))[:, : assets.max_words]
        lengths = [columns[name].row_lengths() for name in ("previous", "next", "sentence")]
        return columns, np.stack(lengths, 1)

    def features(self, columns):
        inputs = {
            "source": columns["sentence"].to_tensor(zoo.text.PAD_ID),
            "source_length": tf.cast(columns["sentence"].row_lengths(), tf.int32),
        }
        targets = {}
        for name in ("previous", "next"):
            inputs[name], target = zoo.text.fed_and_wanted(columns[name])
            # A word that the vocabulary lacks teaches nothing.
            targets[f"{name}_logits"] = tf.where(
                target == zoo.text.UNKNOWN_ID, zoo.text.PAD_ID, target
            )
        return inputs, targets

    def objective(self, settings):
        names = ("previous_logits", "next_logits")
        return {
            "loss": {name: zoo.training.token_cross_entropy() for name in names},
            "metrics": {name: [zoo.training.TokenNats()] for name in names},
        }

    # What is exported and how it is measured -----------------------------------------------

    def module(self, settings, assets, model):
        return zoo.signatures.SentenceVectors(model, assets.words, assets.max_words)

    def measure(self, settings, answers, examples):
        examples = scattered(examples, settings.retrieved_sentences)
        sentences = [sentence for _, sentence, _ in examples]
        following = [after for _, _, after in examples]
        alone = _nats(answers, [""] * len(following), following)

        def score(rows, columns):
            pairs = [(sentences[i], following[j]) for i in rows for j in columns]
            nats = _nats(answers, *map(list, zip(*pairs, strict=True)))
            return alone[list(columns)] - nats.reshape(len(rows), len(columns))

        group = min(100, len(examples))
        told = share_found(score, len(examples), group)
        return {
            "sentences": len(examples) // group * group,
            **self._similar(lambda texts: _vectors(answers, texts), examples),
            "told_first": told["found_first"],
            "told_among_10": told["found_among_10"],
        }

    def measure_against(self, settings, answers, train, examples):
        return _tasks(lambda texts: _vectors(answers, texts))

    def baselines(self, settings, train, examples):
        assets = self.prepare(settings, train)
        keras.utils.set_random_seed(0)
        unlearned = dataclasses.replace(assets, vectors=None)
        module = self.module(settings, assets, self.build(settings, unlearned))
        random = Answers(
            {"serving_default": lambda text: module.serving_default(tf.constant(text))}
        )
        drawn = scattered(examples, settings.retrieved_sentences)
        plain = {
            "random encoder": lambda texts: _vectors(random, texts),
            "which of the 2,000 commonest words": lambda texts: _counts(assets, texts),
        }
        if assets.vectors is not None:
            plain["mean of the vectors it starts from"] = lambda texts: _means(assets, texts)
        return {
            name: {**self._similar(vectors, drawn), **_tasks(vectors)}
            for name, vectors in plain.items()
        }

    def _similar(self, vectors, examples):
        """Finds the next sentence by the cosine of vectors."""
        sides = [vectors([one[place] for one in examples]).astype("float64") for place in (1, 2)]
        mean = np.mean(np.concatenate(sides), 0)
        sides = [side - mean for side in sides]
        first, second = (
            side / np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-9) for side in sides
        )
        return share_found(
            lambda rows, columns: first[list(rows)] @ second[list(columns)].T,
            len(examples),
            min(100, len(examples)),
        )

    def lines(self, inputs, answer):
        vectors = answer["vector"]
        lengths = np.maximum(np.linalg.norm(vectors, axis=1), 1e-9)
        near = vectors @ vectors.T / lengths / lengths[:, None]
        np.fill_diagonal(near, -np.inf)
        lines = []
        for row, text in enumerate(inputs):
            start = " ".join(f"{value:.3f}" for value in vectors[row, :6])
            line = f"{text}\t{start} ... ({vectors.shape[1]} numbers)"
            if len(inputs) > 1:
                other = int(np.argmax(near[row]))
                line += f"\tnearest here: {inputs[other]} ({near[row, other]:.2f})"
            lines.append(line)
        return lines

    def says(self, answer):
        return [" ".join(f"{value:.3f}" for value in row[:6]) for row in answer["vector"]]

    def draw(self, figure, given, answer):
        axes = figure.subplots()
        axes.bar(range(answer["vector"].shape[1]), answer["vector"][0], width=1.0)
        axes.set_title(given)
        axes.set_xlabel("dimension of the vector")

    def show(self, answers, examples, count):
        examples = scattered(examples, 100)
        sentences, following = [one[1] for one in examples], [one[2] for one in examples]
        alone = _nats(answers, [""] * len(examples), following)
        rows = []
        for place in range(0, min(24, len(examples)), 2):
            nats = _nats(answers, [sentences[place]] * len(examples), following)
            chosen = int(np.argmin(nats - alone))
            rows.append(
                Shown(
                    f"what follows on: {sentences[place]}",
                    following[chosen],
                    following[place],
                    chosen == place,
                )
            )
        return rows

    def warmup(self):
        text = np.array([self.example.encode(), b""])
        ids = {"source": np.array([[4, 5, 6]], "int32"), "source_length": np.array([3], "int32")}
        return [
            ("serving_default", {"text": text}),
            ("following", {"text": text, "candidate": text[::-1].copy()}),
            ("token_ids", ids),
        ]


def _triples(book: str) -> list[tuple[str, str, str]]:
    """Every sentence that has a neighbour on both sides, with them, across paragraphs."""
    found = [
        sentence
        for paragraph in gutenberg.paragraphs(book)
        for sentence in gutenberg.sentences(paragraph)
    ]
    return list(zip(found, found[1:], found[2:], strict=False))


def scattered(examples: list, count: int) -> list:
    """Returns so many examples from all over a book, in no order."""
    # Of sentences in a row, each one's candidates would hold itself, which is the next one of the
    # sentence before; and the first are the table of contents.
    order = np.random.default_rng(0).permutation(len(examples))
    return [examples[place] for place in order[:count]]


def _in_parts(function, *columns) -> np.ndarray:
    parts = [
        function(*(column[start : start + ASKED_AT_ONCE] for column in columns))
        for start in range(0, len(columns[0]), ASKED_AT_ONCE)
    ]
    return np.concatenate(parts)


def _nats(answers, texts: list[str], candidates: list[str]) -> np.ndarray:
    def ask(text, candidate):
        return answers("following", text=text, candidate=candidate)["nats"]

    return _in_parts(ask, texts, candidates)


def _vectors(answers, texts: list[str]) -> np.ndarray:
    return _in_parts(lambda part: answers(text=part)["vector"], texts)


def _counts(assets: SkipThoughtAssets, texts: list[str]) -> np.ndarray:
    """Which words stand in each text, the 2,000 commonest of the vocabulary alone."""
    ids = assets.words.ids(zoo.text.split_words(tf.constant(texts))).to_list()
    counts = np.zeros((len(texts), 2000), "float32")
    for row, found in enumerate(ids):
        for token in found:
            if token < counts.shape[1]:
                counts[row, token] = 1.0
    return counts


def _means(assets: SkipThoughtAssets, texts: list[str]) -> np.ndarray:
    """The mean of the first vectors of a text's known words."""
    means = np.zeros((len(texts), assets.vectors.shape[1]), "float32")
    for row, ids in enumerate(assets.words.ids(zoo.text.split_words(tf.constant(texts))).to_list()):
        known = [token for token in ids[: assets.max_words] if token != zoo.text.UNKNOWN_ID]
        if known:
            means[row] = assets.vectors[known].mean(0)
    return means


def _tasks(vectors) -> dict[str, float]:
    """Accuracies of linear classifiers on frozen vectors of labelled sentences."""
    measured = {}
    for task, (train_file, test_file) in TASKS.items():
        wanted = [name for name in (train_file, test_file) if name]
        try:
            paths = datasets.fetch(task, wanted)
        except InputError:
            # Vectors of one's own text are of use without these corpora, or without a network.
            continue
        rows = read_labelled(paths[train_file], task)
        if test_file:
            train, test = rows, read_labelled(paths[test_file], task)
        else:
            test = rows[::10]
            train = [row for place, row in enumerate(rows) if place % 10]
        sides = [
            (vectors([text for _, text in side]), [label for label, _ in side])
            for side in (train, test)
        ]
        measured[f"accuracy_{task.replace('-', '_')}"] = linear_accuracy(*sides[0], *sides[1])
    return measured
