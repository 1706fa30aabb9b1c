"""How often a decoder in training is fed its own token: schedules for scheduled sampling."""

from typing import Any

import keras
import tensorflow as tf

from zoo.errors import InputError
from zoo.registry import Registry

sampling_schedules: Registry[type["SamplingSchedule"]] = Registry("sampling schedule")


class SamplingSchedule:
    """The probability of feeding the model's own token, as a function of the training step.

    Bengio et al. 2015 let the probability of the true token, epsilon, fall along one of several
    curves; a schedule gives `most * (1 - epsilon)`. A new curve overrides `epsilon` and, where it
    has settings, `get_config`.

    Args:
        most: probability of the model's own token at the end of training.
    """

    def __init__(self, most: float = 1.0):
        if not 0 <= most <= 1:
            raise InputError(f"most is {most}; a probability lies from 0 to 1")
        self.most = float(most)

    def epsilon(self, step: tf.Tensor) -> tf.Tensor:
        """Returns the curve at the step, float32, from 1 down to 0."""
        raise NotImplementedError

    def __call__(self, step: int | tf.Tensor) -> tf.Tensor:
        """Returns the probability of the model's own token, a float32 scalar."""
        return self.most * (1.0 - self.epsilon(tf.cast(step, tf.float32)))

    def get_config(self) -> dict[str, Any]:
        """Returns the settings."""
        return {"most": self.most}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "SamplingSchedule":
        """Makes a schedule from its settings."""
        return cls(**config)


@sampling_schedules.register("constant")
@keras.saving.register_keras_serializable(package="zoo")
class ConstantSampling(SamplingSchedule):
    """The same probability at every step.

    Args:
        most: The probability; 0 is teacher forcing, 1 is free running.

    Example:

    >>> float(ConstantSampling(0.25)(1000))
    0.25
    """

    def epsilon(self, step: tf.Tensor) -> tf.Tensor:
        return tf.zeros_like(step)


@sampling_schedules.register("linear")
@keras.saving.register_keras_serializable(package="zoo")
class LinearSampling(SamplingSchedule):
    """epsilon = max(0, 1 - step / num_steps).

    Args:
        num_steps: The training steps until `most` is reached.
        most: See `SamplingSchedule`.

    Example:

    >>> float(LinearSampling(num_steps=100, most=0.5)(50))
    0.25
    """

    def __init__(self, num_steps: int, most: float = 1.0):
        super().__init__(most)
        if num_steps < 1:
            raise InputError(f"num_steps is {num_steps}; it must be at least 1")
        self.num_steps = num_steps

    def epsilon(self, step: tf.Tensor) -> tf.Tensor:
        return tf.maximum(0.0, 1.0 - step / self.num_steps)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "num_steps": self.num_steps}


@sampling_schedules.register("exponential")
@keras.saving.register_keras_serializable(package="zoo")
class ExponentialSampling(SamplingSchedule):
    """epsilon = base ** step.

    Args:
        base: k in the paper, above 0 and below 1; the nearer to 1, the slower.
        most: See `SamplingSchedule`.

    Example:

    >>> float(ExponentialSampling(base=0.5)(2))
    0.75
    """

    def __init__(self, base: float, most: float = 1.0):
        super().__init__(most)
        if not 0 < base < 1:
            raise InputError(f"base is {base}; it must lie between 0 and 1")
        self.base = base

    def epsilon(self, step: tf.Tensor) -> tf.Tensor:
        return tf.pow(self.base, step)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "base": self.base}


@sampling_schedules.register("inverse_sigmoid")
@keras.saving.register_keras_serializable(package="zoo")
class InverseSigmoidSampling(SamplingSchedule):
    """epsilon = k / (k + exp(step / k)).

    Args:
        slowness: k in the paper, at least 1; the curve is at a half at step k log k.
        most: See `SamplingSchedule`.

    Example:

    >>> float(InverseSigmoidSampling(slowness=1.0)(0))
    0.5
    """

    def __init__(self, slowness: float, most: float = 1.0):
        super().__init__(most)
        if slowness < 1:
            raise InputError(f"slowness is {slowness}; it must be at least 1")
        self.slowness = slowness

    def epsilon(self, step: tf.Tensor) -> tf.Tensor:
        # The same curve, written so that a late step does not overflow.
        return tf.sigmoid(tf.math.log(float(self.slowness)) - step / self.slowness)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "slowness": self.slowness}


def get_sampling_schedule(name: str, **settings: Any) -> SamplingSchedule:
    """Returns a schedule by name: "constant", "linear", "exponential" or "inverse_sigmoid".

    Raises:
        InputError: No schedule has this name, or a setting does not fit it.
    """
    schedule = sampling_schedules.get(name)
    try:
        return schedule(**settings)
    except TypeError as error:
        raise InputError(f"sampling schedule {name!r}: {error}") from None
