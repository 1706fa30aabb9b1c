"""One recurrence over time, forward and backward, with every product that can wait left out."""

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from tensorflow.python.saved_model import save_context

from zoo.recurrence.fast_packing import Packing

Tensors = tuple[tf.Tensor, ...]
Arrays = tuple[tf.TensorArray, ...]


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
    layout = _Full(go_backwards) if packing is None else _Packed(packing)

    @tf.custom_gradient
    def run(sequences: tf.Tensor, *rest: tf.Tensor) -> tuple[Tensors, Callable]:
        initial, weights = rest[:count], rest[count:]
        steps = layout.num_steps(sequences)
        inputs = layout.flatten(sequences)
        fed = layout.array(math.feed(inputs, weights), sequences)
        ready = math.prepare(weights)

        def advance(step, states, finished, arrays):
            after, kept = math.forward(fed.read(step), states, ready)
            arrays = _write(arrays, step, (after[0], *states, *kept))
            return step + 1, *layout.finish(step, states, after, finished), arrays

        _, last, finished, arrays = tf.while_loop(
            lambda step, *_: step < steps,
            advance,
            (
                0,
                *layout.start(initial),
                _arrays(steps, [units] * (1 + count + math.num_kept), inputs),
            ),
            parallel_iterations=1,
        )
        final = layout.collect(last, finished)
        outputs = ()
        if return_sequences:
            outputs = (layout.unflatten(_concat(arrays[0], units), sequences),)

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
                return step - 1, layout.same_rows(gradients, reached), _write(deltas, step, delta)

            widths = [width * units for width in math.delta_widths]
            ending = layout.sort(gradients[-count:])
            _, reached, deltas = tf.while_loop(
                lambda step, *_: step >= 0,
                retreat,
                (steps - 1, layout.last_gradients(ending), _arrays(steps, widths, inputs)),
                parallel_iterations=1,
            )
            for_initial = layout.first_gradients(reached, ending)
            deltas = tuple(map(_concat, deltas, widths))
            previous = _concat(arrays[1], units)
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


def _arrays(size: tf.Tensor, widths: Sequence[int], like: tf.Tensor) -> tuple[tf.TensorArray, ...]:
    return tuple(
        tf.TensorArray(
            like.dtype,
            size,
            clear_after_read=False,
            infer_shape=False,
            element_shape=[None, width],
        )
        for width in widths
    )


def _write(
    arrays: Sequence[tf.TensorArray], step: tf.Tensor, values: Sequence[tf.Tensor]
) -> tuple[tf.TensorArray, ...]:
    return tuple(array.write(step, value) for array, value in zip(arrays, values, strict=True))


def _concat(array: tf.TensorArray, width: int) -> tf.Tensor:
    return tf.reshape(array.concat(), [-1, width])


class _Full:
    """Every row has every step: flat means time-major."""

    def __init__(self, go_backwards: bool):
        self.go_backwards = go_backwards

    def num_steps(self, sequences: tf.Tensor) -> tf.Tensor:
        return tf.shape(sequences)[1]

    def flatten(self, sequences: tf.Tensor) -> tf.Tensor:
        flat = self.flatten_gradient(sequences)
        if self.go_backwards:
            time, width = tf.shape(sequences)[1], sequences.shape[-1]
            flat = tf.reshape(tf.reverse(tf.reshape(flat, [time, -1, width]), [0]), [-1, width])
        return flat

    def flatten_gradient(self, gradient: tf.Tensor) -> tf.Tensor:
        return tf.reshape(tf.transpose(gradient, [1, 0, 2]), [-1, gradient.shape[-1]])

    def unflatten(self, flat: tf.Tensor, sequences: tf.Tensor) -> tf.Tensor:
        steps = tf.reshape(flat, [self.num_steps(sequences), -1, flat.shape[-1]])
        outputs = tf.transpose(steps, [1, 0, 2])
        outputs.set_shape([*sequences.shape[:2], flat.shape[-1]])
        return outputs

    def unflatten_gradient(self, flat: tf.Tensor, sequences: tf.Tensor) -> tf.Tensor:
        gradient = self.unflatten(flat, sequences)
        return tf.reverse(gradient, [1]) if self.go_backwards else gradient

    def array(self, flat: tf.Tensor, sequences: tf.Tensor) -> tf.TensorArray:
        steps = self.num_steps(sequences)
        array = tf.TensorArray(flat.dtype, steps, clear_after_read=False)
        return array.unstack(tf.reshape(flat, [steps, -1, flat.shape[-1]]))

    def start(self, initial: Tensors) -> tuple[Tensors, Arrays]:
        return initial, ()

    def finish(
        self, step: tf.Tensor, states: Tensors, after: Tensors, finished: Arrays
    ) -> tuple[Tensors, Arrays]:
        return self.same_rows(states, after), finished

    def collect(self, last: Tensors, finished: Arrays) -> Tensors:
        return last

    def sort(self, gradients: Sequence[tf.Tensor]) -> Tensors:
        return tuple(gradients)

    def last_gradients(self, ending: Tensors) -> Tensors:
        return ending

    def join(self, step: tf.Tensor, gradients: Tensors, ending: Tensors) -> Tensors:
        return gradients

    def same_rows(self, like: Tensors, values: Tensors) -> Tensors:
        for one, value in zip(like, values, strict=True):
            value.set_shape(one.shape)
        return values

    def first_gradients(self, reached: Tensors, ending: Tensors) -> Tensors:
        return reached


class _Packed:
    """Rows stop where their last valid step is; see `Packing`."""

    def __init__(self, packing: Packing):
        self.packing = packing
        # How many rows run at each step, and none after the last.
        self.alive = tf.concat([packing.sizes, [0]], axis=0)

    def num_steps(self, sequences: tf.Tensor) -> tf.Tensor:
        return tf.shape(self.packing.sizes)[0]

    def flatten(self, sequences: tf.Tensor) -> tf.Tensor:
        return tf.gather(tf.reshape(sequences, [-1, sequences.shape[-1]]), self.packing.source)

    def flatten_gradient(self, gradient: tf.Tensor) -> tf.Tensor:
        flat = tf.reshape(gradient, [-1, gradient.shape[-1]])
        if self.packing.hold:
            total = tf.shape(self.packing.source)[0]
            return tf.math.unsorted_segment_sum(flat, self.packing.target, total + 1)[:-1]
        return tf.gather(flat, self.packing.shown)

    def unflatten(self, flat: tf.Tensor, sequences: tf.Tensor) -> tf.Tensor:
        return _rows_or_zeros(flat, self.packing.target, sequences)

    def unflatten_gradient(self, flat: tf.Tensor, sequences: tf.Tensor) -> tf.Tensor:
        return _rows_or_zeros(flat, self.packing.sink, sequences)

    def array(self, flat: tf.Tensor, sequences: tf.Tensor) -> tf.TensorArray:
        (array,) = _arrays(self.num_steps(sequences), [flat.shape[-1]], flat)
        return array.split(flat, self.packing.sizes)

    # The states shrink as rows end. What a row ends with is put aside, its array's end first, so
    # that the array reads as the rows' order; the way back takes it up again.

    def start(self, initial: Tensors) -> tuple[Tensors, Arrays]:
        states = self.sort(initial)
        steps, units = tf.shape(self.packing.sizes)[0], states[0].shape[-1]
        finished = _arrays(steps + 1, [units] * len(states), states[0])
        first = self.alive[0]
        finished = _write(finished, steps, [state[first:] for state in states])
        return tuple(_any_rows(state[:first]) for state in states), finished

    def finish(
        self, step: tf.Tensor, states: Tensors, after: Tensors, finished: Arrays
    ) -> tuple[Tensors, Arrays]:
        rest = self.alive[step + 1]
        place = tf.shape(self.packing.sizes)[0] - 1 - step
        finished = _write(finished, place, [state[rest:] for state in after])
        return tuple(state[:rest] for state in after), finished

    def collect(self, last: Tensors, finished: Arrays) -> Tensors:
        ended = (
            _concat(array, state.shape[-1]) for array, state in zip(finished, last, strict=True)
        )
        return tuple(tf.gather(rows, self.packing.place) for rows in ended)

    def sort(self, gradients: Sequence[tf.Tensor]) -> Tensors:
        return tuple(tf.gather(each, self.packing.order) for each in gradients)

    def last_gradients(self, ending: Tensors) -> Tensors:
        return tuple(_any_rows(each[:0]) for each in ending)

    def join(self, step: tf.Tensor, gradients: Tensors, ending: Tensors) -> Tensors:
        rows, rest = self.alive[step], self.alive[step + 1]
        pairs = zip(gradients, ending, strict=True)
        return tuple(tf.concat([each, end[rest:rows]], axis=0) for each, end in pairs)

    def same_rows(self, like: Tensors, values: Tensors) -> Tensors:
        return values

    def first_gradients(self, reached: Tensors, ending: Tensors) -> Tensors:
        first = self.alive[0]
        whole = [
            tf.concat([each, end[first:]], axis=0)
            for each, end in zip(reached, ending, strict=True)
        ]
        return tuple(tf.gather(each, self.packing.place) for each in whole)


def _any_rows(rows: tf.Tensor) -> tf.Tensor:
    """Hides how many rows there are, where a constant mask tells, from a loop that changes it."""
    return tf.raw_ops.PlaceholderWithDefault(input=rows, shape=[None, rows.shape[-1]])


def _rows_or_zeros(flat: tf.Tensor, index: tf.Tensor, sequences: tf.Tensor) -> tf.Tensor:
    """Puts row `index[i]` of `flat` at place i of `[batch, time]`; one past the end is zeros."""
    width = flat.shape[-1]
    flat = tf.concat([flat, tf.zeros([1, width], flat.dtype)], axis=0)
    rows = tf.reshape(tf.gather(flat, index), [*tf.unstack(tf.shape(sequences)[:2]), width])
    rows.set_shape([*sequences.shape[:2], width])
    return rows
