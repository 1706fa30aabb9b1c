"""What is wanting to a perfect macro F1, as a measure of training."""

import keras
import tensorflow as tf

from zoo.class_ids import class_ids


@keras.saving.register_keras_serializable(package="zoo")
class MacroError(keras.metrics.Metric):
    """One minus the mean of the classes' F1, every class alike; less is better, as a search asks.

        1 - mean over k of  2 right_k / (said_k + wanted_k)

    over the classes that were wanted or said at all, as scikit-learn's macro F1 has it. It is exact
    over batches of any sizes.

    Call arguments:
        y_true: int [B], the classes, or one-hot [B, K].
        y_pred: [B, K], scores of which the highest counts.
        sample_weight: Left aside: every row counts alike.

    Example:

    >>> measure = MacroError()
    >>> measure.update_state([0, 1], [[2.0, 1.0], [2.0, 1.0]])
    >>> round(float(measure.result()), 4)
    0.6667
    """

    def __init__(self, name: str = "macro_error", **kwargs):
        super().__init__(name=name, **kwargs)
        self.right = None

    def update_state(self, y_true, y_pred, sample_weight=None):
        scores = tf.convert_to_tensor(y_pred)
        size = scores.shape[-1]
        if self.right is None:
            self.right, self.said, self.wanted = (
                self.add_variable((size,), "zeros", name=name)
                for name in ("right", "said", "wanted")
            )
        wanted = tf.one_hot(class_ids("MacroError", y_true, scores), size)
        said = tf.one_hot(tf.argmax(scores, -1), size)
        self.right.assign_add(tf.reduce_sum(wanted * said, 0))
        self.said.assign_add(tf.reduce_sum(said, 0))
        self.wanted.assign_add(tf.reduce_sum(wanted, 0))

    def result(self):
        if self.right is None:
            return tf.zeros([])
        seen = self.said.value + self.wanted.value
        f1 = tf.math.divide_no_nan(2 * self.right.value, seen)
        count = tf.math.count_nonzero(seen, dtype=tf.float32)
        return 1 - tf.math.divide_no_nan(tf.reduce_sum(f1), count)
