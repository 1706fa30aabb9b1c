"""Reading comprehension: a story of sentences and a question, both encoded, to one answer."""

from typing import Any

import keras
import tensorflow as tf

from zoo import attention as attentions
from zoo.checks import check_counts, check_share
from zoo.recurrence.stack import RecurrentStack
from zoo.topologies.cell_places import share_out
from zoo.topologies.checked_length import CheckedLength
from zoo.topologies.embeddings import token_embedding
from zoo.topologies.registry import builder


@builder("reading_comprehension")
def reading_comprehension(
    num_answers: int,
    vocabulary_size: int,
    units: int = 64,
    embedding_dim: int = 64,
    cell: Any = "gru",
    num_layers: int = 1,
    bidirectional: bool = True,
    num_hops: int = 3,
    attention: str = "additive",
    dropout: float = 0.0,
) -> keras.Model:
    """Builds a reader that knows the question while it reads, and then looks back several times.

        q = RNN(question)              s_t = RNN(sentence t), the same RNN
        h_t = RNN over t of [s_t; q]   one way or both
        m_0 = q,   m_k = cell(c_k, m_{k-1}),   c_k = attention(m_{k-1} over h_1 ... h_S)
        logits = V [m_K; q] + c

    The several looks are those of memory networks (Sukhbaatar et al. 2015) with the recurrent
    update of m of dynamic memory networks (Kumar et al. 2016).

    Args:
        num_answers: K, the answers there are.
        vocabulary_size: Number of token ids, of story and question.
        units: Width of a cell, in each direction.
        embedding_dim: Width of the token embeddings.
        cell: A cell's registered name, of the RNNs over words and sentences; or cell objects, one
            for the words, then one for each layer and direction. m is a GRU's.
        num_layers: Recurrent layers over sentences.
        bidirectional: Whether sentences are read both ways.
        num_hops: How often it looks back, 1 or more.
        attention: A registered kind.
        dropout: Share dropped of embeddings, between layers and before the output, in training.

    Returns:
        A functional model. Inputs: `story` int [B, S, W], sentences of token ids; `sentence_length`
        int [B, S], their words; `story_length` int [B], the sentences; `question` int [B, Q] and
        `question_length` int [B]. Outputs: `logits` [B, num_answers] and `weights` [B, num_hops,
        S], where each look went: zero on padding, and of a row without a sentence altogether.

    Raises:
        InputError: an unknown cell or attention, or numbers that do not fit.

    Example:

    >>> model = reading_comprehension(5, vocabulary_size=20, units=8)
    >>> model({"story": np.ones([2, 3, 4]), "sentence_length": np.full([2, 3], 4),
    ...        "story_length": np.array([3, 1]), "question": np.ones([2, 4]),
    ...        "question_length": np.array([4, 4])})["logits"].shape
    TensorShape([2, 5])
    """
    check_counts(num_answers=num_answers, vocabulary_size=vocabulary_size, units=units)
    check_counts(embedding_dim=embedding_dim, num_layers=num_layers, num_hops=num_hops)
    check_share("dropout", dropout)
    inputs = {
        "story": keras.Input([None, None], dtype="int32", name="story"),
        "sentence_length": keras.Input([None], dtype="int32", name="sentence_length"),
        "story_length": keras.Input([], dtype="int32", name="story_length"),
        "question": keras.Input([None], dtype="int32", name="question"),
        "question_length": keras.Input([], dtype="int32", name="question_length"),
    }
    story_length = CheckedLength(name="checked_story_length")(
        inputs["story_length"], inputs["story"]
    )
    question_length = CheckedLength(name="checked_question_length")(
        inputs["question_length"], inputs["question"]
    )
    embedding = token_embedding(vocabulary_size, embedding_dim)
    directions = 2 if bidirectional else 1
    cells = share_out(cell, words=1, sentences=num_layers * directions)
    words = RecurrentStack(cells["words"], units, 1, dropout=dropout, name="words")
    question = TextVector(embedding, words, name="text_vector")
    asked = question(inputs["question"], question_length)
    sentences = question(inputs["story"], inputs["sentence_length"])
    read, _ = RecurrentStack(
        cells["sentences"],
        units,
        num_layers,
        bidirectional=bidirectional,
        dropout=dropout,
        name="sentences",
    )(BesideEach(name="with_question")(sentences, asked), story_length)
    found, weights = Hops(units, num_hops, attention, name="hops")(asked, read, story_length)
    vector = keras.layers.Concatenate(name="vector")([found, asked])
    vector = keras.layers.Dropout(dropout, name="dropout")(vector)
    outputs = {
        "logits": keras.layers.Dense(num_answers, name="output_projection")(vector),
        "weights": weights,
    }
    return keras.Model(inputs, outputs, name="reading_comprehension")


@keras.saving.register_keras_serializable(package="zoo")
class TextVector(keras.layers.Layer):
    """The last output of a recurrence over tokens, for texts along any number of axes.

    Args:
        embedding: A layer from int [R, W] to [R, W, D].
        recurrence: A `RecurrentStack` in one direction.

    Call arguments:
        tokens: int [..., W].
        length: int [...], the real tokens of each text; one without tokens has the vector zero.

    Returns:
        [..., units].
    """

    def __init__(self, embedding, recurrence, **kwargs):
        super().__init__(**kwargs)
        self.embedding, self.recurrence = embedding, recurrence

    def build(self, tokens_shape, length_shape=None):
        if not self.embedding.built:
            self.embedding.build((None, None))
        if not self.recurrence.built:
            self.recurrence.build((None, None, self.embedding.output_dim))

    def compute_output_spec(self, tokens, length):
        shape = (*tokens.shape[:-1], self.recurrence.output_size)
        return keras.KerasTensor(shape, self.compute_dtype)

    def call(self, tokens, length, training=None):
        rows = tf.reshape(tokens, [-1, tf.shape(tokens)[-1]])
        lengths = tf.cast(tf.reshape(length, [-1]), tf.int32)
        outputs, _ = self.recurrence(self.embedding(rows), lengths, training=training)
        last = tf.gather(outputs, tf.maximum(lengths - 1, 0), axis=1, batch_dims=1)
        last = tf.where(lengths[:, None] > 0, last, tf.zeros_like(last))
        shape = tf.concat([tf.shape(length), [self.recurrence.output_size]], 0)
        last = tf.reshape(last, shape)
        last.set_shape([*tokens.shape[:-1], self.recurrence.output_size])
        return last

    def get_config(self):
        layers = {"embedding": self.embedding, "recurrence": self.recurrence}
        return {
            **super().get_config(),
            **{name: keras.saving.serialize_keras_object(one) for name, one in layers.items()},
        }

    @classmethod
    def from_config(cls, config):
        for name in ("embedding", "recurrence"):
            config[name] = keras.saving.deserialize_keras_object(config[name])
        return cls(**config)


@keras.saving.register_keras_serializable(package="zoo")
class BesideEach(keras.layers.Layer):
    """[B, N, D + E]: a vector [B, E] beside each step of [B, N, D]."""

    def compute_output_spec(self, steps, vector):
        shape = (*steps.shape[:-1], steps.shape[-1] + vector.shape[-1])
        return keras.KerasTensor(shape, self.compute_dtype)

    def call(self, steps, vector):
        shape = tf.concat([tf.shape(steps)[:-1], [vector.shape[-1]]], 0)
        return tf.concat([steps, tf.broadcast_to(vector[:, None], shape)], -1)


@keras.saving.register_keras_serializable(package="zoo")
class Hops(keras.layers.Layer):
    """Looks at a memory several times, each time with what the looks before it have found.

    Args:
        units: Width of m.
        num_hops: How many looks.
        attention: A registered kind that keeps no state.

    Call arguments:
        query: [B, units], m_0.
        memory: [B, N, D].
        length: int [B], the real positions of the memory.

    Returns:
        m after the last look, [B, units], and the weights of each look, [B, num_hops, N].
    """

    def __init__(self, units: int, num_hops: int, attention: str, **kwargs):
        super().__init__(**kwargs)
        self.units, self.num_hops, self.kind = units, num_hops, attention
        self.attention = attentions.get(attention, units)
        self.update = keras.layers.GRUCell(units, name="update")

    def build(self, query_shape, memory_shape, length_shape=None):
        self.attention.build(query_shape, memory_shape)
        self.update.build((None, memory_shape[-1]))

    def compute_output_spec(self, query, memory, length):
        weights = (query.shape[0], self.num_hops, memory.shape[1])
        return (
            keras.KerasTensor((query.shape[0], self.units), self.compute_dtype),
            keras.KerasTensor(weights, self.compute_dtype),
        )

    def call(self, query, memory, length):
        mask = tf.sequence_mask(length, tf.shape(memory)[1])
        prepared, looks = self.attention.memory(memory, mask), []
        state = self.attention.get_initial_state(tf.shape(memory)[0], tf.shape(memory)[1])
        for _ in range(self.num_hops):
            context, weights, state = self.attention(query, prepared, state)
            query, _ = self.update(context, [query])
            looks.append(weights)
        return query, tf.cast(tf.stack(looks, axis=1), self.compute_dtype)

    def get_config(self):
        config = {"units": self.units, "num_hops": self.num_hops, "attention": self.kind}
        return {**super().get_config(), **config}
