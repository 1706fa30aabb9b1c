"""Linear-chain conditional random field: likelihood and Viterbi in plain TensorFlow ops."""

from collections.abc import Callable

import keras
import tensorflow as tf

from zoo.class_ids import class_ids, count_real

# Below any score, and far above the least float32: differences of two do not overflow.
_NEVER = -1e30


def chain_scores(emissions, transitions, start, stop, sequence_length) -> tf.Tensor:
    """Puts all scores of a chain into one tensor: what the other functions here read.

    For tags y_1 ... y_n, score(y) = start_{y_1} + sum_t e_{t, y_t} + sum_{t>1} T_{y_{t-1}, y_t} +
    stop_{y_n}, which is the sum over t of chain[t, y_{t-1}, y_t] with y_0 = 0.

    Args:
        emissions: float [B, N, K].
        transitions: [K, K], from a tag (row) to the next one (column).
        start, stop: [K], of the first and of the last real tag.
        sequence_length: int [B].

    Returns:
        float32 [B, N, K, K]. Steps past a row's length hold numbers that nothing reads.
    """
    emissions, transitions, start, stop = (
        tf.cast(tf.convert_to_tensor(x), tf.float32) for x in (emissions, transitions, start, stop)
    )
    places = tf.range(tf.shape(emissions)[1])
    first = (places == 0)[:, None, None]
    chain = tf.where(first, tf.broadcast_to(start, tf.shape(transitions)), transitions)
    last = (places == tf.cast(sequence_length, tf.int32)[:, None] - 1)[..., None]
    emissions += tf.where(last, stop, tf.zeros_like(stop))
    return chain + emissions[:, :, None]


def log_partition(chain, sequence_length) -> tf.Tensor:
    """Returns log sum over all y of exp score(y), float32 [B], by the forward recursion.

    Args:
        chain: [B, N, K, K], of `chain_scores`.
        sequence_length: int [B]; a row of length zero gives 0: there is one way to tag nothing.
    """

    def advance(alpha, scores):
        return tf.reduce_logsumexp(alpha[:, :, None] + scores, 1)

    return tf.reduce_logsumexp(_forward(chain, sequence_length, advance)[0], -1)


def path_score(chain, tags, sequence_length) -> tf.Tensor:
    """Returns score(y), float32 [B], of the given tags int [B, N]."""
    chain, tags = tf.convert_to_tensor(chain), tf.cast(tags, tf.int32)
    real = tf.sequence_mask(sequence_length, tf.shape(chain)[1])
    tags = tf.where(real, tags, 0)
    before = tf.pad(tags, [[0, 0], [1, 0]])[:, :-1]
    size = tf.shape(chain)[-1]
    flat = tf.reshape(chain, [tf.shape(chain)[0], tf.shape(chain)[1], size * size])
    scores = tf.gather(flat, before * size + tags, axis=2, batch_dims=2)
    return tf.reduce_sum(tf.where(real, scores, 0.0), -1)


def log_likelihood(chain, tags, sequence_length) -> tf.Tensor:
    """Returns log p(tags | inputs) in nats, float32 [B]; 0 for a row of length zero.

    Lafferty, McCallum and Pereira 2001; log p(y) = score(y) - log sum_y' exp score(y').

    Args:
        chain: [B, N, K, K], of `chain_scores`.
        tags: int [B, N]; what stands past a row's length is not read.
        sequence_length: int [B].
    """
    return path_score(chain, tags, sequence_length) - log_partition(chain, sequence_length)


def viterbi(chain, sequence_length) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the best tags int32 [B, N], zero past a row's length, and their score [B]."""

    def advance(alpha, scores):
        return tf.reduce_max(alpha[:, :, None] + scores, 1)

    sequence_length = tf.cast(sequence_length, tf.int32)
    best, pointers = _forward(chain, sequence_length, advance, keep_pointers=True)
    steps = tf.shape(chain)[1]
    tag = tf.argmax(best, -1, output_type=tf.int32)
    tags = tf.TensorArray(tf.int32, size=steps, element_shape=tag.shape)

    def retreat(left, tag, tags):
        step = steps - 1 - left
        real = step < sequence_length
        tags = tags.write(step, tf.where(real, tag, 0))
        before = tf.gather(pointers.read(step), tag, batch_dims=1)
        return left + 1, tf.where(real, before, tag), tags

    _, _, tags = tf.while_loop(
        lambda left, *_: left < steps, retreat, (0, tag, tags), maximum_iterations=steps
    )
    path = tf.transpose(tags.stack())
    return tf.ensure_shape(path, chain.shape[:2]), tf.reduce_max(best, -1)


def _forward(chain, sequence_length, advance: Callable, keep_pointers: bool = False):
    """Runs alpha_t = advance(alpha_{t-1}, chain_t) to each row's end: [B, K], and pointers."""
    chain, sequence_length = tf.convert_to_tensor(chain), tf.cast(sequence_length, tf.int32)
    size, steps = chain.shape[-1], tf.shape(chain)[1]
    # Before the first step all stands on tag 0, as `chain_scores` has it.
    alpha = tf.one_hot(tf.zeros([tf.shape(chain)[0]], tf.int32), size, 0.0, _NEVER)
    alpha = tf.ensure_shape(alpha, [chain.shape[0], size])
    pointers = tf.TensorArray(
        tf.int32, steps if keep_pointers else 0, element_shape=alpha.shape, clear_after_read=False
    )

    def one_step(step, alpha, pointers):
        scores = chain[:, step]
        if keep_pointers:
            from_tag = tf.argmax(alpha[:, :, None] + scores, 1, output_type=tf.int32)
            pointers = pointers.write(step, from_tag)
        real = (step < sequence_length)[:, None]
        return step + 1, tf.where(real, advance(alpha, scores), alpha), pointers

    _, alpha, pointers = tf.while_loop(
        lambda step, *_: step < steps, one_step, (0, alpha, pointers), maximum_iterations=steps
    )
    return alpha, pointers


def chain_loss(pad_tag: int = -1) -> Callable:
    """Returns a loss: the negative log-likelihood in nats, averaged over real tags.

    Args:
        pad_tag: The tag that stands past a row's end. Defaults to -1.

    Returns:
        A function (tags int [B, N] or one-hot [B, N, K], chain [B, N, K, K]) -> scalar float32;
        zero without a real tag. The second argument is the output `chain` of a model with a
        `ConditionalRandomField`.
    """

    def loss(y_true, y_pred):
        tags = class_ids("chain_loss", y_true, y_pred[..., 0], pad_tag)
        real = tf.reduce_sum(tf.cast(tags != pad_tag, tf.int32), -1)
        nats = -tf.reduce_sum(log_likelihood(y_pred, tags, real))
        return tf.math.divide_no_nan(nats, tf.cast(tf.reduce_sum(real), tf.float32))

    # What the mean is over: replicas with different numbers of real tags weigh as many.
    loss.weight = lambda y_true: count_real(y_true, pad_tag)
    return loss


@keras.saving.register_keras_serializable(package="zoo")
class ConditionalRandomField(keras.layers.Layer):
    """Scores whole sequences of tags instead of each tag alone, and finds the best one.

    It holds the scores of a tag after another (K x K), of a first and of a last tag (K each); the
    emissions come from below. Worked out in float32 under mixed precision too. `chain` takes
    4 B N K^2 bytes.

    Call arguments:
        emissions: float [B, N, K].
        sequence_length: int [B]. Padding changes nothing; a row of length zero gets zeros.

    Returns:
        A dict: `tags` int32 [B, N], the best sequence (Viterbi), zero on padding; `score` float32
        [B], its score; `chain` float32 [B, N, K, K], which `chain_loss` reads.

    Example:

    >>> out = ConditionalRandomField()(tf.zeros([2, 5, 3]), tf.constant([5, 0]))
    >>> out["tags"].shape, out["chain"].shape
    (TensorShape([2, 5]), TensorShape([2, 5, 3, 3]))
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        # Lengths are an argument; a mask that Keras attached to the inputs goes no further.
        self.supports_masking = True

    def compute_mask(self, *arguments, **keywords):
        return None

    def build(self, emissions_shape, sequence_length_shape=None):
        size = emissions_shape[-1]
        self.transitions = self.add_weight(
            name="transitions", shape=(size, size), initializer="glorot_uniform"
        )
        self.start = self.add_weight(name="start", shape=(size,), initializer="zeros")
        self.stop = self.add_weight(name="stop", shape=(size,), initializer="zeros")

    def compute_output_spec(self, emissions, sequence_length):
        batch, steps, size = emissions.shape
        return {
            "tags": keras.KerasTensor((batch, steps), "int32"),
            "score": keras.KerasTensor((batch,), "float32"),
            "chain": keras.KerasTensor((batch, steps, size, size), "float32"),
        }

    def call(self, emissions, sequence_length):
        weights = (weight.value for weight in (self.transitions, self.start, self.stop))
        chain = chain_scores(emissions, *weights, sequence_length)
        tags, score = viterbi(chain, sequence_length)
        return {"tags": tags, "score": score, "chain": chain}
