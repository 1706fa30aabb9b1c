"""Whole tokens dropped in training."""

import keras


@keras.saving.register_keras_serializable(package="zoo")
class WordDropout(keras.layers.Layer):
    """Puts the unknown token in the place of some tokens, in training alone.

    A model that is trained so has read sentences with gaps, and the unknown token has a vector
    that means something (Iyyer et al. 2015, "Deep unordered composition rivals syntactic methods
    for text classification").

    Args:
        rate: Share of the tokens that is dropped, from 0 up to, not with, 1.
        unknown_id: What stands for them. Padding is past a row's length, where nothing is read.
        seed: seed of the random masks; None: drawn.

    Call arguments:
        tokens: int, of any shape.

    Example:

    >>> WordDropout(0.5, unknown_id=1)(np.array([[7, 8]]), training=False).numpy().tolist()
    [[7, 8]]
    """

    def __init__(self, rate: float, unknown_id: int = 1, seed: int | None = None, **kwargs):
        super().__init__(**kwargs)
        self.rate, self.unknown_id, self.seed = rate, unknown_id, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, tokens_shape):
        self.built = True

    def compute_output_spec(self, tokens, training=False):
        return keras.KerasTensor(tokens.shape, tokens.dtype)

    def call(self, tokens, training=False):
        if not training or not self.rate:
            return tokens
        drawn = keras.random.uniform(keras.ops.shape(tokens), seed=self.seed_generator)
        unknown = keras.ops.cast(self.unknown_id, tokens.dtype)
        return keras.ops.where(drawn < self.rate, unknown, tokens)

    def get_config(self):
        own = {"rate": self.rate, "unknown_id": self.unknown_id, "seed": self.seed}
        return {**super().get_config(), **own}
