"""Several models decoded as one."""

import math
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from zoo.decoding.step import Step
from zoo.errors import InputError


def ensemble(steps: Sequence[Step], weights: Sequence[float] | None = None) -> Step:
    """Makes one step of several, whose probabilities are averaged.

    log p = log sum_m w_m softmax(logits_m)

    Args:
        steps: The models' steps, over the same vocabulary.
        weights: What each model counts for; positive, made to sum to one. Equal by default.

    Returns:
        A step for any strategy. Its state and memory are tuples with one entry a model, its
        logits are log-probabilities, float32 [R, V].

    Raises:
        InputError: There are no steps, or weights that do not fit.

    Example:

    >>> def sure(tokens, state, memory):
    ...     return tf.constant([[0.0, 2.0]]), state
    >>> def unsure(tokens, state, memory):
    ...     return tf.constant([[1.0, 0.0]]), state
    >>> logits, _ = ensemble([sure, unsure])(tf.constant([0]), ((), ()), (None, None))
    >>> [round(float(p), 3) for p in tf.exp(logits)[0]]
    [0.425, 0.575]
    """
    steps = list(steps)
    weights = [1.0] * len(steps) if weights is None else [float(weight) for weight in weights]
    if not steps:
        raise InputError("an ensemble needs at least one step")
    if len(weights) != len(steps) or min(weights) <= 0:
        raise InputError(f"weights is {weights}; give {len(steps)} positive numbers")
    log_weights = [math.log(weight / sum(weights)) for weight in weights]

    def averaged(tokens: tf.Tensor, state: Any, memory: Any) -> tuple[tf.Tensor, Any]:
        if len(state) != len(steps) or len(memory) != len(steps):
            raise InputError(
                f"the ensemble has {len(steps)} steps; it was given {len(state)} states and "
                f"{len(memory)} memories"
            )
        taken = [one(tokens, *rest) for one, *rest in zip(steps, state, memory, strict=True)]
        log_probabilities = [
            tf.nn.log_softmax(tf.cast(logits, tf.float32)) + log_weight
            for (logits, _), log_weight in zip(taken, log_weights, strict=True)
        ]
        return (
            tf.reduce_logsumexp(tf.stack(log_probabilities), axis=0),
            tuple(following for _, following in taken),
        )

    return averaged
