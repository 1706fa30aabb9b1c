"""One to N in numbers: a vector in, as many frames out as are asked for."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from zoo.checks import check_counts, check_share
from zoo.recurrence.stack import RecurrentStack
from zoo.topologies.registry import builder


@builder("one_to_frames")
def one_to_frames(
    num_features: int,
    num_outputs: int,
    units: int = 128,
    cell: Any = "lstm",
    num_layers: int = 1,
    bidirectional: bool = False,
    num_waves: int = 4,
    dropout: float = 0.0,
) -> keras.Model:
    """Builds y_t = V h_t + c with h_t = cell([x; p_t], h_{t-1}): x enters at every step.

    A class to speech: no frame is fed back, so that training and inference are the same, and the
    number of frames is given. p_t says how far the row is: t / 100, the frames to come / 100, and
    cosines of the share that is done, from one to num_waves half waves.

    Args:
        num_features: Width of x.
        num_outputs: Numbers of a frame.
        units: Width of a cell, in each direction.
        cell: A cell's registered name, or a cell object for each layer and direction.
        num_layers: Recurrent layers.
        bidirectional: Whether each frame also depends on those after it.
        num_waves: See above.
        dropout: Share dropped of the layers' inputs and before the output, in training.

    Returns:
        A functional model. Inputs: `features` float [B, num_features] and `length` int [B], the
        frames of each row. Output: `frames` [B, T, num_outputs], T the greatest length; zeros past
        a row's own.

    Raises:
        InputError: an unknown cell, or numbers that do not fit.

    Example:

    >>> model = one_to_frames(3, num_outputs=5, units=8)
    >>> model({"features": np.ones([2, 3]), "length": np.array([4, 1])})["frames"].shape
    TensorShape([2, 4, 5])
    """
    check_counts(num_features=num_features, num_outputs=num_outputs, units=units)
    check_counts(num_layers=num_layers, num_waves=num_waves)
    check_share("dropout", dropout)
    features = keras.Input([num_features], name="features")
    length = keras.Input([], dtype="int32", name="length")
    steps = AtEveryStep(num_waves, name="steps")(features, length)
    recurrence = RecurrentStack(
        cell, units, num_layers, bidirectional=bidirectional, dropout=dropout, name="recurrence"
    )
    hidden, _ = recurrence(steps, length)
    hidden = keras.layers.Dropout(dropout, name="dropout")(hidden)
    frames = keras.layers.Dense(num_outputs, name="output_projection")(hidden)
    frames = RealSteps(name="real_steps")(frames, length)
    return keras.Model(
        {"features": features, "length": length}, {"frames": frames}, name="one_to_frames"
    )


@keras.saving.register_keras_serializable(package="zoo")
class AtEveryStep(keras.layers.Layer):
    """[B, T, D + 2 + num_waves]: a vector [B, D] at every step, and how far the row is."""

    def __init__(self, num_waves: int, **kwargs):
        super().__init__(**kwargs)
        self.num_waves = num_waves

    def compute_output_spec(self, vector, length):
        width = vector.shape[-1] + 2 + self.num_waves
        return keras.KerasTensor((vector.shape[0], None, width), self.compute_dtype)

    def call(self, vector, length):
        # One step at the least: what has none is then all padding.
        count = tf.maximum(tf.reduce_max(length), 1)
        step = tf.cast(tf.range(count), self.compute_dtype)[None]
        total = tf.cast(length, self.compute_dtype)[:, None]
        share = tf.math.divide_no_nan(step + 0.5, total)[..., None]
        waves = np.pi * np.arange(1, self.num_waves + 1, dtype="float32")
        place = tf.stack([step + tf.zeros_like(total), total - step], -1) / 100
        place = tf.concat([place, tf.cos(share * tf.cast(waves, self.compute_dtype))], -1)
        shape = tf.concat([tf.shape(place)[:2], [vector.shape[-1]]], 0)
        return tf.concat([tf.broadcast_to(vector[:, None], shape), place], -1)

    def get_config(self):
        return {**super().get_config(), "num_waves": self.num_waves}


@keras.saving.register_keras_serializable(package="zoo")
class RealSteps(keras.layers.Layer):
    """[B, T, D] with zeros past each row's length [B]."""

    def compute_output_spec(self, steps, length):
        return keras.KerasTensor(steps.shape, self.compute_dtype)

    def call(self, steps, length):
        real = tf.sequence_mask(length, tf.shape(steps)[1])[..., None]
        return tf.where(real, steps, tf.zeros_like(steps))
