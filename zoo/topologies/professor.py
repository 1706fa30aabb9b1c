"""Professor forcing: a discriminator that tells a forced decoder from a free one."""

from typing import Any, NamedTuple

import keras
import tensorflow as tf

from zoo.checks import check_counts
from zoo.errors import InputError
from zoo.recurrence.stack import RecurrentStack


class AdversarialLosses(NamedTuple):
    """What a discriminator adds to a training step, each a scalar.

    Attributes:
        discriminator: Its own loss; the gradient is that of its own weights alone.
        generator: How well a free decoder fools it; the gradient is that of the decoder alone.
        accuracy: Share of sequences that it told apart.
    """

    discriminator: Any
    generator: Any
    accuracy: Any


@keras.saving.register_keras_serializable(package="zoo")
class Discriminator(keras.layers.Layer):
    """Says of a sequence of hidden states whether true tokens were fed, or the decoder's own.

        D(h_1 ... h_M) = v relu(W [last h of a GRU forward; backward] + b) + c, a logit

    Lamb et al., "Professor forcing: a new algorithm for training recurrent networks", 2016.

    Args:
        units: Width of the GRU, in each direction, and of W.
        until: No more is learned while the accuracy is above this share; 0.99 in the paper.
        above: The decoder is not taught while the accuracy is below this share; 0.75 there.
        weight: weight of the generator's loss beside the decoder's own.

    Call arguments:
        hidden: [B, M, D].
        length: int [B], the real steps of each row.

    Returns:
        Logits [B]; above 0 for "true tokens were fed".
    """

    def __init__(
        self,
        units: int = 64,
        until: float = 0.99,
        above: float = 0.75,
        weight: float = 1.0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        check_counts(units=units)
        for name, value in (("until", until), ("above", above)):
            if not 0 <= value <= 1:
                raise InputError(f"{name} is {value!r}; expected a share from 0 to 1")
        if weight < 0:
            raise InputError(f"weight is {weight!r}; expected 0 or more")
        self.units, self.until, self.above, self.weight = units, until, above, weight
        self.reader = RecurrentStack("gru", units, bidirectional=True, name="reader")
        self.between = keras.layers.Dense(units, "relu", name="between")
        self.verdict = keras.layers.Dense(1, name="verdict")

    def build(self, hidden_shape, length_shape=None):
        self.reader.build((None, None, hidden_shape[-1]))
        self.between.build((None, 2 * self.units))
        self.verdict.build((None, self.units))

    def call(self, hidden, length):
        _, states = self.reader(hidden, length)
        last = tf.concat(tf.nest.flatten(states), -1)
        return tf.cast(self.verdict(self.between(last))[:, 0], tf.float32)

    def losses_of(self, taught: Any, free: Any, length: Any) -> AdversarialLosses:
        """Compares hidden states [B, M, D] under true tokens and under the decoder's own.

        Args:
            taught, free: The two; the decoder learns through `free` alone.
            length: int [B], the real steps of a row, in both.
        """
        both = tf.stop_gradient(tf.concat([taught, free], 0))
        truth = tf.repeat([1.0, 0.0], tf.shape(length)[0])
        logits = self(both, tf.tile(length, [2]))
        accuracy = tf.reduce_mean(tf.cast((logits > 0) == (truth > 0), tf.float32))
        told = tf.nn.sigmoid_cross_entropy_with_logits(truth, logits)
        # The same function with its weights held still.
        still = [(weight, tf.stop_gradient(weight.value)) for weight in self.trainable_variables]
        with keras.StatelessScope(state_mapping=still):
            logits = self(free, length)
        fooled = tf.nn.sigmoid_cross_entropy_with_logits(tf.ones_like(logits), logits)
        learns = tf.cast(accuracy <= self.until, tf.float32)
        teaches = tf.cast(accuracy >= self.above, tf.float32)
        return AdversarialLosses(
            learns * tf.reduce_mean(told),
            self.weight * teaches * tf.reduce_mean(fooled),
            accuracy,
        )

    def get_config(self):
        settings = ("units", "until", "above", "weight")
        return {**super().get_config(), **{name: getattr(self, name) for name in settings}}
