"""Forgetting which token it was, in training."""

import keras

from zoo.checks import check_share


@keras.saving.register_keras_serializable(package="zoo")
class TokenDropout(keras.layers.Layer):
    """Puts the unknown token in the place of some tokens, in training alone.

    Each token is replaced on its own with probability `rate`: so that the unknown token is learned,
    and what stands around a word is looked at although the word is known (Iyyer et al. 2015, "Deep
    unordered composition rivals syntactic methods for text classification").

    Args:
        rate: Share of the tokens, from 0 up to, not with, 1.
        unknown_id: What takes their place. Defaults to 1.
        seed: seed of the choice; None draws one from the global seed.

    Call arguments:
        tokens: int of any shape.

    Returns:
        The same shape and type.

    Raises:
        InputError: the rate is not such a share.
    """

    def __init__(self, rate: float, unknown_id: int = 1, seed: int | None = None, **kwargs):
        super().__init__(**kwargs)
        check_share("token_dropout", rate)
        self.rate, self.unknown_id, self.seed = rate, unknown_id, seed
        self.seed_generator = keras.random.SeedGenerator(seed) if rate else None

    def call(self, tokens, training=False):
        if not training or not self.rate:
            return tokens
        drawn = keras.random.uniform(keras.ops.shape(tokens), seed=self.seed_generator)
        return keras.ops.where(drawn < self.rate, self.unknown_id, tokens)

    def compute_output_spec(self, tokens, training=False):
        return keras.KerasTensor(tokens.shape, tokens.dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "rate": self.rate,
            "unknown_id": self.unknown_id,
            "seed": self.seed,
        }
