"""A vector for each word from its characters."""

from typing import Any

import keras
import tensorflow as tf

from zoo.recurrence.cell_config import CellInConfig, cell_to_config
from zoo.recurrence.stack import RecurrentStack
from zoo.topologies.pooling import Pooling


@keras.saving.register_keras_serializable(package="zoo")
class CharacterFeatures(CellInConfig, keras.layers.Layer):
    """Reads each word letter by letter, both ways, and keeps where each direction ended.

    w = [forward h at the last letter; backward h at the first]  (Ling et al. 2015, "Finding
    function in form: compositional character models for open vocabulary word representation").
    A word that was never seen has a vector all the same, with its endings and capitals in it.

    Args:
        vocabulary_size: Number of character ids; 0 is padding.
        embedding_dim: Width of a character's embedding. Defaults to 24.
        units: Width of the cell in each direction. Defaults to 32.
        cell: A cell's registered name, or two cell objects. Defaults to "lstm".
        dropout: Share dropped of the embeddings in training. Defaults to 0.

    Call arguments:
        characters: int [B, N, L], each word's characters, padded on the right by 0; a word of
            padding alone gets zeros.

    Returns:
        [B, N, 2 * units].

    Example:

    >>> CharacterFeatures(9, units=4)(tf.constant([[[5, 6, 0], [7, 0, 0]]])).shape
    TensorShape([1, 2, 8])
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_dim: int = 24,
        units: int = 32,
        cell: Any = "lstm",
        dropout: float = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self._config = {
            "vocabulary_size": vocabulary_size,
            "embedding_dim": embedding_dim,
            "units": units,
            "cell": cell_to_config(cell),
            "dropout": dropout,
        }
        self.embedding = keras.layers.Embedding(vocabulary_size, embedding_dim, name="embedding")
        self.recurrence = RecurrentStack(
            cell, units, bidirectional=True, dropout=dropout, name="recurrence"
        )
        self.pooling = Pooling("last", bidirectional=True, name="ends")

    def build(self, characters_shape):
        self.embedding.build((None, None))
        self.recurrence.build((None, None, self.embedding.output_dim))
        self.pooling.build((None, None, self.recurrence.output_size))

    def compute_output_spec(self, characters, training=None):
        shape = (*characters.shape[:2], self.recurrence.output_size)
        return keras.KerasTensor(shape, self.compute_dtype)

    def call(self, characters, training=None):
        rows, words, letters = tf.unstack(tf.shape(characters))
        # Every word is a row of its own.
        characters = tf.reshape(characters, [rows * words, letters])
        length = tf.math.count_nonzero(characters, -1, dtype=tf.int32)
        hidden, _ = self.recurrence(self.embedding(characters), length, training=training)
        ends = self.pooling(hidden, length)
        return tf.reshape(ends, [rows, words, self.recurrence.output_size])

    def get_config(self):
        return {**super().get_config(), **self._config}
