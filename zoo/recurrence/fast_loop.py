"""One recurrence over time, forward and backward, with every product that can wait left out."""

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from tensorflow.python.saved_model import save_context

from zoo.recurrence.fast_layout import (
    FullLayout,
    PackedLayout,
    Tensors,
    joined,
    new_arrays,
    write,
)
from zoo.recurrence.fast_packing import Packing


class StepMath(ABC):
    """The arithmetic of one cell, in the form that `recur` drives.

    The rows of a step (n of them) are those whose sequence still runs. What does not depend on
    the step before is done for all N rows of all steps at once: `feed` before the loop and
    `gradients` after the loop back.
    """

    @abstractmethod
    def feed(self, inputs: tf.Tensor, weights: Tensors) -> tf.Tensor:
        """Turns inputs `[N, input]` into what the loop reads, `[N, any]`."""

    @abstractmethod
    def prepare(self, weights: Tensors) -> Any:
        """Lays the weights out for `forward`, once."""

    @abstractmethod
    def forward(self, fed: tf.Tensor, states: Tensors, ready: Any) -> tuple[Tensors, Tensors]:
        """Takes one step. Returns the next states, the output first, and what to keep."""

    @abstractmethod
    def prepare_backward(self, weights: Tensors) -> Any:
        """Lays the weights out for `backward`, once."""

    @abstractmethod
    def backward(
        self, kept: Tensors, states: Tensors, gradients: Tensors, ready: Any
    ) -> tuple[Tensors, Tensors]:
        """Takes one step back.

        Args:
            kept: What `forward` kept.
            states: The states that the step started from.
            gradients: With respect to the states that the step gave.
            ready: What `prepare_backward` made.

        Returns:
            The step's deltas (one tensor or more), and the gradients of `states`.
        """

    @abstractmethod
    def gradients(
        self, inputs: tf.Tensor, states: tf.Tensor, deltas: Tensors, weights: Tensors
    ) -> tuple[tf.Tensor, Tensors]:
        """Sums up after the loop back.

        Args:
            inputs: `[N, input]`.
            states: `[N, units]`, the output that each step started from.
            deltas: What `backward` gave, each `[N, any]`.
            weights: As given to `recur`.

        Returns:
            The gradients of the inputs `[N, input]` and of each weight.
        """


def column_sums(rows: tf.Tensor) -> tf.Tensor:
    """Sums `[N, any]` over N, as a product: several times the speed of a reduction on a CPU."""
    return tf.matmul(tf.ones([1, tf.shape(rows)[0]], rows.dtype), rows)[0]


def recur(
    math: StepMath,
    sequences: tf.Tensor,
    states: Sequence[tf.Tensor],
    weights: Sequence[tf.Tensor],
    packing: Packing | None = None,
    go_backwards: bool = False,
    return_sequences: bool = True,
) -> tuple[tf.Tensor | None, Tensors]:
    """Runs a cell over time; its gradient is written by hand.

    Args:
        math: The cell's arithmetic.
        sequences: `[batch, time, input]`.
        states: The initial states, each `[batch, units]`, the output first.
        weights: The cell's weights, as `math` wants them.
        packing: Which steps count, from `pack_mask`; None when all of them do.
        go_backwards: Whether to run from the last step to the first (a packing already says).
        return_sequences: Whether the outputs of all steps are wanted.

    Returns:
        Outputs `[batch, time, units]` in the order in which they are computed (None where they
        are not wanted), and the final states. Gradients reach the sequences, the initial states
        and the weights; there are no second derivatives.
    """
    if tf.executing_eagerly():
        in_graph = _recur_in_graph(sequences.shape[-1], states[0].shape[-1])
        return in_graph(math, sequences, states, weights, packing, go_backwards, return_sequences)
    count, units = len(states), states[0].shape[-1]
    layout = FullLayout(go_backwards) if packing is None else PackedLayout(packing)

    @tf.custom_gradient
    def run(sequences: tf.Tensor, *rest: tf.Tensor) -> tuple[Tensors, Callable]:
        initial, weights = rest[:count], rest[count:]
        steps = layout.num_steps(sequences)
        inputs = layout.flatten(sequences)
        fed = layout.array(math.feed(inputs, weights), sequences)
        ready = math.prepare(weights)

        def advance(step, states, finished, arrays):
            after, kept = math.forward(fed.read(step), states, ready)
            arrays = write(arrays, step, (after[0], *states, *kept))
            return step + 1, *layout.finish(step, states, after, finished), arrays

        _, last, finished, arrays = tf.while_loop(
            lambda step, *_: step < steps,
            advance,
            (
                0,
                *layout.start(initial),
                new_arrays(steps, [units] * (1 + count + math.num_kept), inputs),
            ),
            parallel_iterations=1,
        )
        final = layout.collect(last, finished)
        outputs = ()
        if return_sequences:
            outputs = (layout.unflatten(joined(arrays[0], units), sequences),)

        def gradient(*gradients: tf.Tensor) -> Tensors:
            if _is_exporting(inputs):
                return _refusals(1 + len(rest))
            ready = math.prepare_backward(weights)
            arriving = None
            if return_sequences:
                flat = layout.flatten_gradient(gradients[0])
                arriving = layout.array(flat, sequences)

            def retreat(step, gradients, deltas):
                after = list(layout.join(step, gradients, ending))
                if arriving is not None:
                    after[0] += arriving.read(step)
                before = tuple(array.read(step) for array in arrays[1 : 1 + count])
                kept = tuple(array.read(step) for array in arrays[1 + count :])
                delta, reached = math.backward(kept, before, tuple(after), ready)
                return step - 1, layout.same_rows(gradients, reached), write(deltas, step, delta)

            widths = [width * units for width in math.delta_widths]
            ending = layout.sort(gradients[-count:])
            _, reached, deltas = tf.while_loop(
                lambda step, *_: step >= 0,
                retreat,
                (steps - 1, layout.last_gradients(ending), new_arrays(steps, widths, inputs)),
                parallel_iterations=1,
            )
            for_initial = layout.first_gradients(reached, ending)
            deltas = tuple(map(joined, deltas, widths))
            previous = joined(arrays[1], units)
            for_inputs, for_weights = math.gradients(inputs, previous, deltas, weights)
            for_sequences = layout.unflatten_gradient(for_inputs, sequences)
            return for_sequences, *for_initial, *for_weights

        return (*outputs, *final), gradient

    results = run(sequences, *states, *weights)
    if return_sequences:
        return results[0], results[1:]
    return None, results


@functools.lru_cache
def _recur_in_graph(width: int, units: int) -> Callable:
    """Returns `recur` for eager callers: a loop that runs op by op costs several times more.

    A function for each pair of widths, or relaxing its shapes would forget them too.
    """
    return tf.function(recur, autograph=False, reduce_retracing=True)


def _is_exporting(inputs: tf.Tensor) -> bool:
    """Whether the gradient is being traced only to be stored with an exported model.

    TensorFlow stores every custom gradient on its own, and cannot store the loop's lists.
    """
    graph = tf.compat.v1.get_default_graph()
    return save_context.in_save_context() and graph is not getattr(inputs, "graph", None)


def _refusals(count: int) -> Tensors:
    message = "an exported fast layer has no gradient; train the Keras model it came from"
    with tf.control_dependencies([tf.debugging.Assert(False, [message])]):
        zero = tf.zeros([])
    # TensorFlow compares known shapes before anything runs; this one's is not known.
    return (tf.raw_ops.PlaceholderWithDefault(input=zero, shape=tf.TensorShape(None)),) * count
