"""N to N where no output sees its own step: every place is a gap."""

from typing import Any

import keras

from zoo.checks import check_counts, check_share
from zoo.topologies.checked_length import CheckedLength
from zoo.topologies.embeddings import token_embedding
from zoo.topologies.registry import builder
from zoo.topologies.states_around import StatesAround


@builder("cloze")
def cloze(
    vocabulary_size: int,
    units: int = 128,
    embedding_dim: int = 64,
    cell: Any = "lstm",
    num_layers: int = 1,
    bidirectional: bool = True,
    dropout: float = 0.0,
    word_vectors: Any = None,
    train_embedding: bool = True,
) -> keras.Model:
    """Builds p(w_t | all other words) for every step t at once.

    logits_t = tanh(P [forward h_{t-1}; backward h_{t+1}]) E^T + b, see `StatesAround`. E is the
    embedding that is also read (Press and Wolf 2017). In one direction it is a language model,
    p(w_t | the words before).

    Args:
        vocabulary_size: V, number of token ids.
        units: Width of a cell, in each direction.
        embedding_dim: Width of the embeddings, in and out.
        cell: A cell's registered name, or a list with a cell object for each layer and direction:
            those of what stands before, then behind.
        num_layers: Recurrent layers of each direction; see `StatesAround`.
        bidirectional: Whether the words behind a gap are read too.
        dropout: Share dropped of each layer's input and before the logits, in training.
        word_vectors, train_embedding: See `token_embedding`.

    Returns:
        A functional model. Inputs: `tokens` int [B, N]; `length` int [B]. Output: `logits`
        [B, N, V], for each step of the token that stands there, which it does not read. Logits
        past a row's length say nothing.

    Raises:
        InputError: an unknown cell, or numbers that do not fit.

    Example:

    >>> model = cloze(100, units=8)
    >>> model({"tokens": np.ones([2, 3]), "length": np.array([3, 1])})["logits"].shape
    TensorShape([2, 3, 100])
    """
    check_counts(vocabulary_size=vocabulary_size, units=units, num_layers=num_layers)
    check_share("dropout", dropout)
    tokens = keras.Input([None], dtype="int32", name="tokens")
    length = keras.Input([], dtype="int32", name="length")
    embedding = token_embedding(
        vocabulary_size,
        embedding_dim,
        word_vectors=word_vectors,
        train_embedding=train_embedding,
        tied=True,
    )
    around = StatesAround(cell, units, num_layers, bidirectional, dropout, name="states_around")(
        embedding(tokens), CheckedLength(name="checked_length")(length, tokens)
    )
    narrow = keras.layers.Dense(embedding_dim, "tanh", name="narrow")(around)
    narrow = keras.layers.Dropout(dropout, name="dropout")(narrow)
    logits = OutputBias(name="output_bias")(embedding(narrow, reverse=True))
    return keras.Model({"tokens": tokens, "length": length}, {"logits": logits}, name="cloze")


@keras.saving.register_keras_serializable(package="zoo")
class OutputBias(keras.layers.Layer):
    """Adds a learned number to each of the last axis: how common a token is by itself."""

    def build(self, inputs_shape):
        self.bias = self.add_weight(name="bias", shape=(inputs_shape[-1],), initializer="zeros")

    def call(self, inputs):
        return inputs + keras.ops.cast(self.bias, inputs.dtype)
