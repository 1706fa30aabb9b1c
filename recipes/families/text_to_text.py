"""What the recipes of an encoder and a decoder over two texts have in common."""

from __future__ import annotations

import dataclasses
import json
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

import zoo
from recipes.drawings.alignment import alignment_of_answer
from recipes.drawings.alignment import draw as draw_aligned
from recipes.families.forcing import forced_by
from recipes.recipe import Assets, Recipe
from zoo.deferred import keras, tf
from zoo.errors import InputError

Example = TypeVar("Example")


@dataclasses.dataclass(frozen=True)
class PairAssets(Assets):
    """The two vocabularies, and how the two texts are cut.

    Attributes:
        source, target: Vocabularies.
        source_tokenizer, target_tokenizer: Registered names, or "subwords": the pieces that the
            vocabulary holds.
        max_length: Default for the largest number of target tokens.
        lower_case: Whether the source is lower-cased first.
        lower_target: Whether the target is.
        source_form: Unicode form of the source. NFKC: what is read does not depend on how wide a
            letter was typed.
        target_form: Unicode form of the target. NFC: what is written keeps the signs of its
            language, full-width marks in Chinese and raised letters in phonetic script.
    """

    source: zoo.text.Vocabulary
    target: zoo.text.Vocabulary
    source_tokenizer: str
    target_tokenizer: str
    max_length: int
    lower_case: bool = False
    lower_target: bool = False
    source_form: str = "NFKC"
    target_form: str = "NFC"

    def save(self, folder: Path) -> None:
        self.source.save(folder / "source.txt")
        self.target.save(folder / "target.txt")
        names = [field.name for field in dataclasses.fields(self)]
        plain = {name: getattr(self, name) for name in names if name not in ("source", "target")}
        (folder / "text.json").write_text(json.dumps(plain), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> PairAssets:
        plain = json.loads((folder / "text.json").read_text(encoding="utf-8"))
        source, target = (
            zoo.text.Vocabulary.load(folder / name) for name in ("source.txt", "target.txt")
        )
        return cls(source, target, **plain)

    @cached_property
    def cut_source(self) -> zoo.text.TextFront:
        """What reads, cuts and joins source texts."""
        normalizer = zoo.text.Normalizer(self.source_form, self.lower_case)
        return zoo.text.TextFront(normalizer, _tokenizer(self.source_tokenizer, self.source))

    @cached_property
    def cut_target(self) -> zoo.text.TextFront:
        """What reads, cuts and joins target texts."""
        normalizer = zoo.text.Normalizer(self.target_form, self.lower_target)
        return zoo.text.TextFront(normalizer, _tokenizer(self.target_tokenizer, self.target))


def _tokenizer(
    name: str, vocabulary: zoo.text.Vocabulary
) -> zoo.text.Tokenizer | zoo.text.WordPieces:
    if name == "subwords":
        return zoo.text.WordPieces(vocabulary.tokens[len(zoo.text.SPECIAL) :])
    return zoo.text.tokenizers.get(name)


def some(examples: list[Example], count: int | None, seed: int = 2007) -> list[Example]:
    """Returns so many examples, drawn evenly and in their order; all where there are no more.

    Args:
        examples: What to draw from.
        count: How many at most; None: all.
        seed: seed of the drawing, the same for every run.

    Raises:
        InputError: a count below 1.
    """
    if count is not None and count < 1:
        raise InputError(f"{count} training examples were asked for; expected 1 or more, or none")
    if count is None or count >= len(examples):
        return examples
    chosen = np.random.default_rng(seed).choice(len(examples), count, replace=False)
    return [examples[i] for i in np.sort(chosen)]


class TextToTextRecipe(Recipe):
    """A recipe whose model `n_to_m` or `attention_n_to_m` built and `TextToText` exports."""

    assets = PairAssets
    input_name = "text"
    # What its tokens are called, in messages.
    tokens_name = "tokens"

    def attention_model(self, settings: Any, assets: PairAssets) -> keras.Model:
        """Builds `attention_n_to_m` from the settings that bear the names of its arguments.

        With attention "none" it builds `n_to_m`, with the same encoder and bridge: the encoder's
        last output enters every step of the decoder, in the place of what is attended to.
        """
        sizes = {
            "source_vocabulary_size": len(assets.source),
            "target_vocabulary_size": len(assets.target),
        }
        if settings.attention == "none":
            return self.built(
                settings, topology="n_to_m", context="last", injection="both", **sizes
            )
        return self.built(settings, topology="attention_n_to_m", **sizes)

    def trained(self, settings, model):
        return forced_by(settings, model) or super().trained(settings, model)

    def encoded(self, assets: PairAssets, pairs: list[tuple[str, str]]):
        """Encodes (source, target) texts, as `columns` returns it."""
        sources, targets = zip(*pairs, strict=True)
        source = assets.cut_source.ids(tf.constant(sources), assets.source)
        target = assets.cut_target.ids(tf.constant(targets), assets.target)
        lengths = np.stack([target.row_lengths(), source.row_lengths()], 1)
        return {"source": source, "target": target}, lengths

    def features(self, columns):
        source, target = columns["source"], columns["target"]
        fed, wanted = zoo.text.fed_and_wanted(target)
        inputs = {
            "source": source.to_tensor(),
            "source_length": tf.cast(source.row_lengths(), tf.int32),
            "target": fed,
        }
        return inputs, {"logits": wanted}

    def module(self, settings, assets, model, no_repeat_ngram=0):
        return zoo.signatures.TextToText(
            model,
            assets.source,
            assets.target,
            assets.cut_source,
            assets.cut_target,
            beam_width=settings.beam_width,
            num_results=settings.num_results,
            length_penalty=settings.length_penalty,
            no_repeat_ngram=no_repeat_ngram,
            max_length=assets.max_length,
        )

    def lines(self, inputs, answer):
        lines = []
        for row, (given, said) in enumerate(zip(inputs, self.says(answer), strict=True)):
            unknown = answer["unknown_share"][row]
            note = f"\t{unknown:.0%} of its {self.tokens_name} are unknown" if unknown else ""
            lines.append(f"{given}\t{said}\t{answer['score'][row]:.3f}{note}")
        return lines

    def says(self, answer):
        return [text.decode() for text in answer["text"]]

    def pieces(self, text: str) -> list[str]:
        """Cuts a text as the model does, as far as that is known without its vocabularies."""
        return text.split() if " " in text else list(text)

    def draw(self, figure, given, answer):
        said = self.says(answer)[0]
        source, target = self.pieces(given), self.pieces(said)
        weights = answer["alignment"][0]
        draw_aligned(figure, alignment_of_answer(source, target, weights, given, said))

    def warmup(self):
        text = {"text": np.array([self.example.encode(), b""])}
        ids = {"source": np.array([[4, 5, 6]], "int32"), "source_length": np.array([3], "int32")}
        return [("serving_default", text), ("greedy", text), ("token_ids", ids)]
