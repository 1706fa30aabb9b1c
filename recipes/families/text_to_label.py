"""What the recipes of a text and its label have in common."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import zoo
from recipes.baselines.bag_of_ngrams import plain_answers
from recipes.datasets.notice import without_repeats
from recipes.datasets.stratifying import stratified
from recipes.datasets.table import read_table
from recipes.drawings.attention import draw_attended, mark_attended
from recipes.metrics.answers import Answers, answered
from recipes.metrics.classification import label_measures
from recipes.recipe import Assets, Recipe, TrainingSettings
from zoo.deferred import keras, tf
from zoo.errors import InputError


@dataclasses.dataclass(frozen=True)
class LabelSettings(TrainingSettings):
    """Settings of every recipe of a text and its label; each recipe's own record has reasons."""

    dataset: str = ""
    # Of the texts, where the data has no such split of its own.
    validation_share: float = 0.1
    test_share: float = 0.1
    # "penn" (words and punctuation marks), "words" (what stands between spaces), "characters".
    tokenizer: str = "penn"
    # A label does not depend on how wide a letter was typed, or whether two are one sign: NFKC.
    unicode_form: str = "NFKC"
    lower_case: bool = True
    # A token that stands in fewer places of the training text is read as unknown.
    min_count: int = 1
    # Tokens that are read of a text.
    max_length: int = 1000
    units: int = 128
    embedding_dim: int = 128
    cell: str = "lstm"
    num_layers: int = 1
    bidirectional: bool = True
    pooling: str = "attention"
    dropout: float = 0.5
    # Share of the tokens that training reads as unknown.
    word_dropout: float = 0.0
    label_smoothing: float = 0.0
    # A row counts in the loss by its label's rarity to this power: 0 all rows alike, 1 all labels.
    balance: float = 0.0
    # A file in word2vec's or GloVe's text format; its width takes the place of embedding_dim.
    word_vectors: str | None = None
    train_embedding: bool = True


@dataclasses.dataclass(frozen=True)
class TextLabelAssets(Assets):
    """The tokens, the labels, and how text is cut.

    Attributes:
        vocabulary: vocabulary of the training text's tokens.
        labels: Label -> rows that have it in training, in the order of the logits.
        tokenizer: A registered name.
        lower_case: Whether text is lower-cased first.
        max_length: Tokens that are read of a text.
        balance: See `LabelSettings`.
        unicode_form: See `Normalizer`.
        vectors: What the embedding starts from, [len(vocabulary), width]; None: random numbers.
    """

    vocabulary: zoo.text.Vocabulary
    labels: dict[str, int]
    tokenizer: str
    lower_case: bool
    max_length: int
    balance: float
    unicode_form: str = "NFKC"
    vectors: np.ndarray | None = None

    @property
    def front(self) -> zoo.text.TextFront:
        """What every text goes through before the model sees it."""
        return _front(self)

    @property
    def width(self) -> int | None:
        """The numbers of a word vector; None where the embedding starts from random ones."""
        return None if self.vectors is None else self.vectors.shape[1]

    def save(self, folder: Path) -> None:
        self.vocabulary.save(folder / "vocabulary.txt")
        names = ("labels", "tokenizer", "lower_case", "max_length", "balance", "unicode_form")
        plain = {name: getattr(self, name) for name in names}
        (folder / "text.json").write_text(json.dumps(plain, ensure_ascii=False), encoding="utf-8")
        if self.vectors is not None:
            np.save(folder / "vectors.npy", self.vectors)

    @classmethod
    def load(cls, folder: Path) -> TextLabelAssets:
        plain = json.loads((folder / "text.json").read_text(encoding="utf-8"))
        vectors = folder / "vectors.npy"
        kept = np.load(vectors) if vectors.is_file() else None
        return cls(zoo.text.Vocabulary.load(folder / "vocabulary.txt"), **plain, vectors=kept)


class TextToLabelRecipe(Recipe):
    """A recipe from texts to labels: examples are (text, label) pairs.

    A subclass reads the data, builds the model, and says its loss, its signatures and its metric.
    """

    assets = TextLabelAssets
    input_name = "text"
    own_data = (
        "a UTF-8 text file, text<TAB>label a line, with any labels, two or more; for text in a "
        "script without spaces --set tokenizer=characters"
    )
    # The longest n-grams of the plain methods.
    longest_ngram = 2
    # Whether an answer shows the input with the attended words marked.
    marks_words = True

    def prepare(self, settings, examples):
        cut = _tokens([text for text, _ in examples], settings)
        vocabulary = zoo.text.Vocabulary.build(cut, settings.min_count)
        counts = Counter(label for _, label in examples)
        return TextLabelAssets(
            vocabulary,
            {label: counts[label] for label in sorted(counts)},
            settings.tokenizer,
            settings.lower_case,
            settings.max_length,
            settings.balance,
            settings.unicode_form,
            _vectors(settings, vocabulary, cut),
        )

    def trained(self, settings, model):
        dropped = zoo.training.WordDropout(
            settings.word_dropout, zoo.text.UNKNOWN_ID, name="word_dropout"
        )
        inputs = model.input
        given = {**inputs, "tokens": dropped(inputs["tokens"])}
        return keras.Model(inputs, {"logits": model(given)["logits"]}, name=model.name)

    def columns(self, assets, examples):
        cut = _split([text for text, _ in examples], assets)
        tokens = assets.vocabulary.ids(cut)[:, : assets.max_length]
        place = {label: i for i, label in enumerate(assets.labels)}
        if unknown := sorted({label for _, label in examples} - set(place)):
            raise InputError(
                f"label {unknown[0]!r} is not in the training data, which has {', '.join(place)}"
            )
        labels = np.array([place[label] for _, label in examples], "int32")
        rarity = np.array(list(assets.labels.values()), "float64") ** -assets.balance
        # A row of the training data counts for one in the mean.
        shares = np.array(list(assets.labels.values())) / sum(assets.labels.values())
        weight = (rarity / np.sum(shares * rarity)).astype("float32")[labels]
        return {"tokens": tokens, "label": labels, "weight": weight}, tokens.row_lengths().numpy()

    def kind_of(self, example):
        return example[1]

    def features(self, columns):
        tokens = columns["tokens"]
        inputs = {
            "tokens": tokens.to_tensor(),
            "length": tf.cast(tokens.row_lengths(), tf.int32),
        }
        return inputs, {"logits": columns["label"]}, {"logits": columns["weight"]}

    # Plain methods, and how an answer is shown -----------------------------------------------

    def baselines(self, settings, train, examples):
        said = plain_answers(
            _tokens([text for text, _ in train], settings),
            [label for _, label in train],
            _tokens([text for text, _ in examples], settings),
            self.longest_ngram,
            balanced=settings.balance > 0,
        )
        truth = [label for _, label in examples]
        return {method: label_measures(truth, labels) for method, labels in said.items()}

    def lines(self, inputs, answer):
        lines = []
        for row, given in enumerate(inputs):
            ranked = zip(answer["labels"][row], answer["scores"][row], strict=True)
            shown = [f"{label.decode()} {score:.3f}" for label, score in list(ranked)[:3]]
            lines.append("\t".join([self.mark(given, answer, row), *shown, *_note(answer, row)]))
        return lines

    def mark(self, given: str, answer, row: int) -> str:
        """Returns how an input is shown beside its answer: words with the attended ones marked."""
        tokens = [token.decode() for token in answer["tokens"][row] if token]
        if "attention" not in answer or not tokens or not self.marks_words:
            return given
        return mark_attended(tokens, answer["attention"][row])

    def says(self, answer):
        return [label.decode() for label in answer["label"]]

    def draw(self, figure, given, answer):
        tokens = [token.decode() for token in answer["tokens"][0] if token]
        if not tokens:
            raise InputError(f"{given!r}: has no token to draw")
        # Without attention there is nothing to colour by; the scores are drawn all the same.
        weights = answer.get("attention", np.zeros([1, len(tokens)]))
        draw_attended(
            figure,
            tokens,
            weights[0, : len(tokens)],
            [label.decode() for label in answer["labels"][0]],
            answer["scores"][0],
            zoo.text.tokenizers.get(self.settings.tokenizer).separator,
        )

    def samples(self, examples, count):
        chosen = np.random.default_rng(0).choice(len(examples), min(count, len(examples)), False)
        return [examples[i] for i in sorted(chosen)]

    def warmup(self):
        texts = {"text": np.array([self.example.encode(), b""])}
        ids = {"tokens": np.array([[4, 5, 6]], "int32"), "length": np.array([3], "int32")}
        example = tf.train.Example()
        example.features.feature["text"].bytes_list.value.append(self.example.encode())
        examples = {"inputs": np.array([example.SerializeToString()], object)}
        return [("serving_default", texts), ("token_ids", ids), ("classify", examples)]


def label_cross_entropy(label_smoothing: float = 0.0):
    """Returns a loss (int [B], logits [B, K]) -> nats of each row, [B].

    With smoothing s the target is (1 - s) on the true label and s spread evenly over all
    (Szegedy et al. 2016).
    """

    def loss(y_true, y_pred):
        logits = tf.cast(y_pred, tf.float32)
        labels = tf.reshape(tf.cast(y_true, tf.int32), [-1])
        nats = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        uniform = tf.reduce_logsumexp(logits, -1) - tf.reduce_mean(logits, -1)
        return (1 - label_smoothing) * nats + label_smoothing * uniform

    return loss


def measures_in_training() -> list:
    """Returns what is measured of logits [B, K] after each round of training."""
    return [
        keras.metrics.SparseCategoricalCrossentropy("nats", from_logits=True),
        keras.metrics.SparseCategoricalAccuracy("accuracy"),
        # For searches, which take less to be better.
        keras.metrics.MeanMetricWrapper(_wrong, "error"),
        zoo.training.MacroError(),
    ]


def ranked_labels(answers: Answers, examples: list[tuple[str, str]]) -> list[list[str]]:
    """Returns a model's labels of the text of each example, the likeliest first."""
    ranked: list[list[str]] = [[] for _ in examples]
    texts = [text for text, _ in examples]
    for row, answer in answered(answers, texts, lambda part: {"text": part}):
        ranked[row] = [label.decode() for label in answer["labels"]]
    return ranked


def own_texts(data: Path, settings, split: str) -> list[tuple[str, str]]:
    """Reads a split of a person's own (text, label) rows.

    Raises:
        InputError: the file cannot be read, or has too few rows or labels.
    """
    return _cut(_own_rows(data, settings), settings, split, data)


def _wrong(y_true, y_pred):
    return 1 - keras.metrics.sparse_categorical_accuracy(y_true, y_pred)


def _own_rows(data: Path, settings) -> list[tuple[str, str]]:
    pairs = read_table(data, ("text", "label"))
    # Two writings of one text are one text, in one split.
    texts = zoo.text.Normalizer(settings.unicode_form).normalize_all([text for text, _ in pairs])
    rows = without_repeats(list(zip(texts, (label for _, label in pairs), strict=True)), data)
    labels = {label for _, label in rows}
    if len(labels) < 2:
        raise InputError(
            f"{data}: all {len(pairs)} rows have the label {labels.pop()!r}; expected two or more "
            f"different labels, text<TAB>label a line"
        )
    return rows


def _cut(rows, settings, split: str, data: Path) -> list[tuple[str, str]]:
    shares = {"validation": settings.validation_share, "test": settings.test_share}
    found = {name: stratified(rows, name, shares) for name in ("train", *shares)}
    for name, part in found.items():
        if not part:
            raise InputError(
                f"{data}: {len(rows)} different rows leave none for {name}; expected 10 or more, "
                f"and several of a label"
            )
    known = {label for _, label in found["train"]}
    # A text of several labels goes where its first one goes; the others may be new there.
    return [row for row in found[split] if row[1] in known]


def _front(how) -> zoo.text.TextFront:
    """Returns the front that settings or assets ask for."""
    return zoo.text.TextFront(
        zoo.text.Normalizer(how.unicode_form, how.lower_case),
        zoo.text.tokenizers.get(how.tokenizer),
    )


def _split(texts: Sequence[str], how) -> tf.RaggedTensor:
    """Cuts texts as the exported graph does; `how` are settings or assets."""
    return _front(how).split(tf.constant(list(texts), tf.string))[:, : how.max_length]


def _tokens(texts: Sequence[str], how) -> list[list[str]]:
    return [[token.decode() for token in row] for row in _split(texts, how).to_list()]


def _vectors(settings, vocabulary: zoo.text.Vocabulary, cut) -> np.ndarray | None:
    if settings.word_vectors is None:
        return None
    vectors = zoo.text.WordVectors.read(Path(settings.word_vectors), only=vocabulary.tokens)
    counts = Counter(token for row in cut for token in row)
    matrix, coverage = vectors.matrix(vocabulary.tokens, counts)
    print(f"{settings.word_vectors}: vectors for {coverage}", file=sys.stderr)
    return matrix


def _note(answer, row: int) -> list[str]:
    if not any(answer["tokens"][row]):
        return ["it is empty"]
    unknown = answer["unknown_share"][row]
    return [f"{unknown:.0%} of it is unknown"] if unknown >= 0.5 else []
