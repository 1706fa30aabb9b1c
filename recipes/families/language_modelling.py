"""What the recipes of language models have in common: one sequence of characters, written on."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import zoo
from recipes.drawings.surprisal import draw_surprisal
from recipes.recipe import Assets, Recipe, TrainingSettings


@dataclasses.dataclass(frozen=True)
class LanguageModelSettings(TrainingSettings):
    """Settings of a recurrent language model."""

    units: int = 384
    embedding_dim: int = 128
    num_layers: int = 2
    cell: str = "lstm"
    tie_embeddings: bool = False
    dropout: float = 0.4
    input_dropout: float = 0.1
    recurrent_weight_dropout: float = 0.3


@dataclasses.dataclass(frozen=True)
class CharacterAssets(Assets):
    """The characters that a language model knows."""

    vocabulary: zoo.text.Vocabulary

    def save(self, folder: Path) -> None:
        self.vocabulary.save(folder / "characters.txt")

    @classmethod
    def load(cls, folder: Path) -> CharacterAssets:
        return cls(zoo.text.Vocabulary.load(folder / "characters.txt"))

    def ids(self, text: str | Sequence[str]) -> np.ndarray:
        """Returns the ids of the characters of a text, int32 [N]."""
        ids = {token: place for place, token in enumerate(self.vocabulary.tokens)}
        return np.array([ids.get(letter, zoo.text.UNKNOWN_ID) for letter in text], "int32")


class LanguageModelRecipe(Recipe):
    """A recipe whose model is `n_to_n` over characters, in one direction."""

    topology = "n_to_n"
    assets = CharacterAssets
    input_name = "text"
    lower_is_better = True
    search_space: tuple

    @property
    def tokenizer(self) -> zoo.text.TextFront:
        """What a text goes through: a style is written on in its own signs, hence NFC."""
        return zoo.text.TextFront(zoo.text.Normalizer("NFC"), zoo.text.tokenizers.get("characters"))

    def says(self, answer):
        return [text.decode() for text in answer["text"]]

    def lines(self, inputs, answer):
        return [given + text for given, text in zip(inputs, self.says(answer), strict=True)]

    def draw(self, figure, given, answer):
        text = given + self.says(answer)[0]
        draw_surprisal(figure, text, answer["nats"][0][: len(text)], len(given))
