"""What the recipes that write a text for a label have in common: 1 to N."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

import zoo
from recipes.metrics.answers import answered
from recipes.recipe import Assets, Recipe, TrainingSettings
from zoo.deferred import tf
from zoo.tuning import Parameter


@dataclasses.dataclass(frozen=True)
class LabelToTextSettings(TrainingSettings):
    """The settings of every such recipe."""

    # Where the label enters: "first_step", "every_step" or "initial_state".
    injection: str = "every_step"
    units: int = 192
    embedding_dim: int = 48
    num_layers: int = 1
    cell: str = "lstm"
    dropout: float = 0.4
    label_smoothing: float = 0.0
    temperature: float = 0.8
    max_length: int = 40


@dataclasses.dataclass(frozen=True)
class LabelledAssets(Assets):
    """The labels in the order of the model's features, and the tokens.

    Attributes:
        labels: The labels.
        vocabulary: vocabulary of the tokens.
        tokenizer: Registered name of how a text is cut.
    """

    labels: tuple[str, ...]
    vocabulary: zoo.text.Vocabulary
    tokenizer: str

    @property
    def front(self) -> zoo.text.TextFront:
        """What texts and labels go through."""
        return front(self.tokenizer)

    def save(self, folder: Path) -> None:
        self.vocabulary.save(folder / "tokens.txt")
        plain = {"labels": self.labels, "tokenizer": self.tokenizer}
        (folder / "labels.json").write_text(json.dumps(plain), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> LabelledAssets:
        plain = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
        vocabulary = zoo.text.Vocabulary.load(folder / "tokens.txt")
        return cls(tuple(plain["labels"]), vocabulary, plain["tokenizer"])


class LabelToTextRecipe(Recipe):
    """A recipe whose model `one_to_n` built over labels and `LabelToText` exports.

    Its examples are (text, label).
    """

    topology = "one_to_n"
    assets = LabelledAssets
    input_name = "label"
    # Registered name of how its texts are cut.
    tokenizer = "characters"
    search_space = (
        Parameter("units", choices=(96, 192, 256)),
        Parameter("injection", choices=("first_step", "every_step", "initial_state")),
        Parameter("dropout", low=0.1, high=0.6),
        Parameter("learning_rate", low=5e-4, high=5e-3, log=True),
    )

    def prepare(self, settings, examples):
        labels = tuple(sorted({label for _, label in examples}))
        texts = front(self.tokenizer).split_texts([text for text, _ in examples])
        vocabulary = zoo.text.Vocabulary.build(texts)
        return LabelledAssets(labels, vocabulary, self.tokenizer)

    def columns(self, assets, examples):
        texts, labels = zip(*examples, strict=True)
        number = {label: index for index, label in enumerate(assets.labels)}
        ids = assets.front.ids(tf.constant(texts), assets.vocabulary)
        # A label that training lacks is no label, as in the exported graph.
        given = np.eye(len(number) + 1, len(number), dtype="float32")[
            [number.get(label, len(number)) for label in labels]
        ]
        return {"features": given, "text": ids}, ids.row_lengths().numpy()

    def features(self, columns):
        text = columns["text"]
        fed, wanted = zoo.text.fed_and_wanted(text)
        return {"features": columns["features"], "target": fed}, {"logits": wanted}

    def module(self, settings, assets, model):
        return zoo.signatures.LabelToText(
            model,
            assets.labels,
            assets.vocabulary,
            assets.front,
            temperature=settings.temperature,
            max_length=settings.max_length,
        )

    def nats(self, answers, examples: Sequence[tuple[str, str]]) -> tuple[float, int]:
        """Returns the nats of all texts given their labels, and the number of their tokens."""
        total, tokens = 0.0, 0
        for _, answer in answered(
            answers, examples, _score_inputs, "score", length=lambda example: len(example[0])
        ):
            total, tokens = total + float(answer["nats"]), tokens + int(answer["tokens"])
        return total, tokens

    def inputs(self, given):
        # A seed a row: asking for the same label twice gives two texts.
        return {"label": list(given), "seed": list(range(len(given)))}

    def lines(self, inputs, answer):
        return [
            f"{label}\t{text}\t{score:.3f}" + ("" if known else "\tthe label is unknown")
            for label, text, score, known in zip(
                inputs, self.says(answer), answer["score"], answer["label_known"], strict=True
            )
        ]

    def says(self, answer):
        return [text.decode() for text in answer["text"]]

    def warmup(self):
        label = np.array([self.example.encode(), b""])
        return [
            ("serving_default", {"label": label}),
            ("label_ids", {"label_id": np.array([0, -1], "int32")}),
            ("score", {"label": label, "text": np.array([b"a", b""])}),
        ]


def front(tokenizer: str) -> zoo.text.TextFront:
    """Returns the front of every such recipe around a tokenizer of that name.

    NFC: what is written keeps the signs that it was learned in.
    """
    return zoo.text.TextFront(zoo.text.Normalizer("NFC"), zoo.text.tokenizers.get(tokenizer))


def _score_inputs(examples) -> Mapping[str, list[str]]:
    texts, labels = zip(*examples, strict=True)
    return {"label": list(labels), "text": list(texts)}
