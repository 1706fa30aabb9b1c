"""What is wanting to a perfect F1 of the tags of linear chains, as a measure of training."""

import keras
import tensorflow as tf

from zoo.class_ids import class_ids
from zoo.topologies.crf import viterbi


@keras.saving.register_keras_serializable(package="zoo")
class ChainTagError(keras.metrics.Metric):
    """One minus the F1 of single tags; less is better, as a search asks.

        1 - 2 right / (said + wanted)

    over the steps where a tag other than the last one is said (by Viterbi) or wanted: sorted, "O"
    comes after the tags "B-NAME" and "I-NAME" of IOB2. Accuracy would be that of saying "O" all
    over; the loss does not tell whether anything is named. It is exact over batches of any sizes,
    and zero where nothing is said or wanted.

    Args:
        pad_tag: The tag that stands past a row's end. Defaults to -1.

    Call arguments:
        y_true: int [B, N], the tags, or one-hot [B, N, K].
        y_pred: float [B, N, K, K], the output `chain` of a model with a `ConditionalRandomField`.
        sample_weight: Left aside: every tag counts alike.

    Example:

    >>> measure = ChainTagError()
    >>> measure.update_state([[0, 2]], tf.zeros([1, 2, 3, 3]))  # all alike: it says 0 and 0
    >>> round(float(measure.result()), 4)
    0.3333
    """

    def __init__(self, pad_tag: int = -1, name: str = "tag_error", **kwargs):
        super().__init__(name=name, **kwargs)
        self.pad_tag = pad_tag
        self.right, self.seen = (
            self.add_variable((), "zeros", name=name) for name in ("right", "seen")
        )

    def update_state(self, y_true, y_pred, sample_weight=None):
        chain = tf.convert_to_tensor(y_pred)
        wanted = class_ids("ChainTagError", y_true, chain[..., 0], self.pad_tag)
        real = wanted != self.pad_tag
        said, _ = viterbi(chain, tf.math.count_nonzero(real, -1))
        outside = chain.shape[-1] - 1
        named, called = real & (wanted != outside), real & (said != outside)
        self.right.assign_add(self._count(named & (said == wanted)))
        self.seen.assign_add(self._count(named) + self._count(called))

    def _count(self, where):
        return tf.math.count_nonzero(where, dtype=self.dtype)

    def result(self):
        seen = self.seen.value
        return tf.where(seen > 0, 1 - tf.math.divide_no_nan(2 * self.right.value, seen), 0.0)

    def get_config(self):
        return {**super().get_config(), "pad_tag": self.pad_tag}
