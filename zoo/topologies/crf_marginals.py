"""How probable each tag is at each step of a linear chain."""

import tensorflow as tf


def marginals(chain, sequence_length) -> tf.Tensor:
    """Returns p(y_t = k | inputs) of a linear-chain conditional random field.

    p(y_t = k) = exp(alpha_t(k) + beta_t(k) - log Z) with alpha from the left and beta from the
    right (the forward-backward recursion; Rabiner 1989, section III A), in plain TensorFlow ops,
    so that an exported model needs no gradient for it.

    Args:
        chain: float32 [B, N, K, K], of `zoo.topologies.crf.chain_scores`.
        sequence_length: int [B].

    Returns:
        float32 [B, N, K], of sum one over K at a row's real steps, zero past them.
    """
    chain = tf.convert_to_tensor(chain)
    sequence_length = tf.cast(sequence_length, tf.int32)
    steps, size = tf.shape(chain)[1], chain.shape[-1]
    rows = tf.shape(chain)[0]
    shape = tf.TensorShape([chain.shape[0], size])
    real = tf.sequence_mask(sequence_length, steps)

    def forward(step, alpha, kept):
        # The first step's scores stand in every row of the chain; row 0 is read.
        reached = tf.reduce_logsumexp(alpha[:, :, None] + chain[:, step], 1)
        reached = tf.where(step == 0, chain[:, step, 0], reached)
        alpha = tf.where(real[:, step, None], reached, alpha)
        return step + 1, alpha, kept.write(step, alpha)

    def backward(left, beta, kept):
        step = steps - 1 - left
        kept = kept.write(step, beta)
        before = tf.reduce_logsumexp(chain[:, step] + beta[:, None], 2)
        return left + 1, tf.where(real[:, step, None], before, beta), kept

    def run(body):
        kept = tf.TensorArray(tf.float32, steps, element_shape=shape)
        start = tf.ensure_shape(tf.zeros([rows, size]), shape)
        _, _, kept = tf.while_loop(
            lambda step, *_: step < steps, body, (0, start, kept), maximum_iterations=steps
        )
        return tf.transpose(kept.stack(), [1, 0, 2])

    together = tf.nn.softmax(run(forward) + run(backward), -1)
    return tf.where(real[..., None], together, 0.0)
