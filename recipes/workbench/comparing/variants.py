"""What is compared: the variants of a recipe, by name, and the settings that make them quick."""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from recipes.recipe import Recipe
from zoo.checks import check_choice
from zoo.errors import InputError
from zoo.topologies.output_head import OUTPUT_HEADS


@dataclasses.dataclass(frozen=True)
class Variant:
    """One of what is compared.

    Attributes:
        name: For tables.
        changes: To the settings that all variants have in common.
    """

    name: str
    changes: Mapping[str, Any]

    @property
    def folder(self) -> str:
        """The name of its run folder."""
        return re.sub(r"[^a-z0-9_]+", "-", self.name.lower()).strip("-")


# The same for all variants of a recipe, so that all of them together take less than an hour on one
# core: fewer rows, narrower layers, fewer epochs than the recipe's own settings. What such a run
# reaches is less than what the recipe reaches; what it says is which variant is ahead by then.
QUICK: dict[str, dict[str, Any]] = {
    "addition": {"epochs": 10.0, "validation_sums": 2000},
    "g2p": {
        "train_words": 50_000,
        "validation_words": 1000,
        "units": 96,
        "embedding_dim": 64,
        "attention_units": 64,
        "encoder_layers": 1,
        "dropout": 0.2,
        "sampling_steps": 800,
        "epochs": 8.0,
        "learning_rate": 4e-3,
        "warmup_steps": 100,
        "ema_momentum": 0.99,
        "beam_width": 4,
        "num_results": 1,
    },
    "translation": {
        "train_sentences": 20_000,
        "vocabulary_size": 2500,
        "units": 96,
        "embedding_dim": 96,
        "attention_units": 96,
        "dropout": 0.2,
        "sampling_steps": 400,
        "epochs": 5.0,
        "learning_rate": 4e-3,
        "warmup_steps": 100,
        "ema_momentum": 0.99,
        "beam_width": 3,
        "num_results": 1,
    },
    "headlines": {
        "validation_items": 400,
        "max_words": 40,
        "vocabulary_size": 3000,
        "units": 96,
        "embedding_dim": 64,
        "attention_units": 64,
        "dropout": 0.2,
        "sampling_steps": 600,
        "epochs": 6.0,
        "learning_rate": 3e-3,
        "warmup_steps": 100,
        "ema_momentum": 0.99,
        "beam_width": 3,
        "num_results": 1,
    },
}

_ATTENTIONS = ("additive", "general", "concat", "local_monotonic", "local_predictive")
_WITHOUT_WEIGHTS = ("hard", "none")
_CONTEXTS = ("last", "transform_last", "transform_all")
_INJECTIONS = ("initial_state", "every_step")


def attention_variants(recipe: Recipe) -> list[Variant]:
    """Kinds of attention; where words are copied, those that cannot copy stand by one that may not.

    "dot" compares states of one width, so its encoder reads forward only; "additive" is there once
    more with such an encoder, to tell the two causes apart.
    """
    found = [Variant(kind, {"attention": kind}) for kind in _ATTENTIONS]
    found += [
        Variant(f"{kind}, forward encoder", {"attention": kind, "bidirectional": False})
        for kind in ("additive", "dot")
    ]
    if not getattr(recipe.settings, "copying", False):
        return found + [Variant(kind, {"attention": kind}) for kind in _WITHOUT_WEIGHTS]
    return found + [
        Variant(f"{kind}, no copying", {"attention": kind, "copying": False})
        for kind in ("additive", *_WITHOUT_WEIGHTS)
    ]


def forcing_variants(recipe: Recipe) -> list[Variant]:
    """Ways of training a decoder."""
    return [Variant(way, {"forcing": way}) for way in ("teacher", "scheduled", "professor")]


def output_head_variants(recipe: Recipe) -> list[Variant]:
    """What the output is read from: the state and the context, or the fed token as well."""
    return [Variant(head, {"output_head": head}) for head in OUTPUT_HEADS]


def context_variants(recipe: Recipe) -> list[Variant]:
    """The six of three contexts that come into the decoder in one of two places."""
    return [
        Variant(f"{context}, {injection}", {"context": context, "injection": injection})
        for context in _CONTEXTS
        for injection in _INJECTIONS
    ]


BY = {
    "attention": attention_variants,
    "forcing": forcing_variants,
    "context": context_variants,
    "output_head": output_head_variants,
}


def variants(recipe: Recipe, by: str) -> list[Variant]:
    """Returns the variants of a recipe.

    Args:
        recipe: With settings of the names that are varied.
        by: "attention", "forcing", "context" or "output_head".

    Raises:
        InputError: an unknown `by`, or a recipe that has no such setting.
    """
    check_choice("by", by, BY)
    if not hasattr(recipe.settings, by):
        able = [name for name in BY if hasattr(recipe.settings, name)]
        raise InputError(
            f"recipe {recipe.name} has no setting {by!r} to compare; it can be compared by "
            f"{' or '.join(able) if able else 'none of ' + ', '.join(BY)}"
        )
    return BY[by](recipe)
