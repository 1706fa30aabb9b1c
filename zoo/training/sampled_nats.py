"""The cost of a token among many, from a few of them in training."""

import keras
import tensorflow as tf

from zoo.errors import InputError


@keras.saving.register_keras_serializable(package="zoo")
class SampledNats(keras.layers.Layer):
    """Cross entropy of each step's token: against a sample of the others in training, else exactly.

    In training the true token competes with `num_sampled` tokens, drawn once a batch with
    replacement from q(r) = log((r + 2) / (r + 1)) / log(V + 1) for the token of rank r, and the
    score of each of them is lowered by the log of how often it is expected in the sample: the sum
    over them then is, in the mean, that over all others (Bengio and Senecal 2008, "Adaptive
    importance sampling to accelerate training of a neural probabilistic language model"). The
    draw comes from a seed generator, so that a resumed run draws what the uninterrupted one would.

    Args:
        embedding: The layer whose rows score the tokens; the commoner ones come first in it.
        bias: A layer with a `bias` [V].
        num_sampled: Tokens a batch. Defaults to 1024.
        first_id: The id of the commonest token; those before it are never drawn. Defaults to 4.
        seed: seed of the draw; None draws one from the global seed.

    Call arguments:
        hidden: float [B, N, D], D the embedding's width.
        targets: int [B, N].

    Returns:
        float32 [B, N], in nats.

    Raises:
        InputError: For targets that are not ids [B, N], such as one-hot ones.
    """

    def __init__(
        self,
        embedding: keras.layers.Embedding,
        bias: keras.layers.Layer,
        num_sampled: int = 1024,
        first_id: int = 4,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.embedding, self.output_bias = embedding, bias
        self.num_sampled, self.first_id = num_sampled, first_id
        self.seed_generator = keras.random.SeedGenerator(seed)

    def compute_output_spec(self, hidden, targets, training=False):
        return keras.KerasTensor(targets.shape, "float32")

    def call(self, hidden, targets, training=False):
        if len(targets.shape) != len(hidden.shape) - 1:
            raise InputError(
                f"SampledNats expects ids of shape {tuple(hidden.shape[:-1])}, one a step; got "
                f"{tuple(targets.shape)}"
            )
        # Times one: the gradient of a whole tensor, where that of a variable would be in slices.
        table = 1.0 * tf.cast(self.embedding.embeddings.value, hidden.dtype)
        bias = 1.0 * tf.cast(self.output_bias.bias.value, hidden.dtype)
        targets = tf.cast(targets, tf.int32)
        if not training:
            logits = tf.einsum("bnd,vd->bnv", hidden, table) + bias
            logits = tf.cast(logits, tf.float32)
            return tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
        size = tf.shape(table)[0] - self.first_id
        sampled = self.first_id + self.draw(size)
        own = tf.einsum("bnd,bnd->bn", hidden, tf.gather(table, targets)) + tf.gather(bias, targets)
        others = tf.einsum("bnd,kd->bnk", hidden, tf.gather(table, sampled))
        others += tf.gather(bias, sampled)
        own = tf.cast(own, tf.float32)
        others = tf.cast(others, tf.float32) - self.log_expected(sampled, size)
        # The true token does not compete with itself.
        others = tf.where(sampled == targets[..., None], -1e9, others)
        return tf.reduce_logsumexp(tf.concat([own[..., None], others], -1), -1) - own

    def draw(self, size) -> tf.Tensor:
        """Returns ranks int32 [num_sampled], from 0 up to, not with, `size`."""
        uniform = keras.random.uniform([self.num_sampled], seed=self.seed_generator)
        log_size = tf.math.log(tf.cast(size + 1, tf.float32))
        ranks = tf.cast(tf.exp(uniform * log_size), tf.int32) - 1
        return tf.clip_by_value(ranks, 0, size - 1)

    def log_expected(self, ids, size) -> tf.Tensor:
        """Returns the log of how often each token is expected in a sample."""
        rank = tf.cast(tf.maximum(ids - self.first_id, 0), tf.float32)
        share = tf.math.log1p(1 / (rank + 1)) / tf.math.log(tf.cast(size + 1, tf.float32))
        return tf.math.log(share * self.num_sampled)
