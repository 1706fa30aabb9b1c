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

# A round of the loop costs about as much as ten small ops: several steps share one.
UNROLL, FEW_STEPS = 4, 16
# Entries of a recurrent kernel from which on a step's product is worth a thread of its own.
LARGE_KERNEL = 48 * 1024


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


def num_lanes(recurrent_kernel: tf.Tensor) -> int:
    """Into how many groups of rows a batch is parted that then run side by side.

    A step's ops wait for one another, and most are too small for two threads. Rows do not wait
    for each other: two loops with half of the rows each fill two cores. With a small product a
    step is all overhead, which a second loop would double.
    """
    return 2 if recurrent_kernel.shape.num_elements() >= LARGE_KERNEL else 1


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
        weights: The cell's weights, as `math` wants them, the recurrent kernel second.
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

    @tf.custom_gradient
    def run(sequences: tf.Tensor, *rest: tf.Tensor) -> tuple[Tensors, Callable]:
        initial, weights = rest[:count], rest[count:]
        if packing is None:
            layout = FullLayout(sequences, go_backwards, num_lanes(weights[1]))
        else:
            layout = PackedLayout(sequences, packing)
        inputs = layout.flatten(sequences)
        fed, ready = layout.divide(math.feed(inputs, weights)), math.prepare(weights)
        ways = [
            _go(math, *each, ready)
            for each in zip(layout.lanes, fed, layout.deal(initial), strict=True)
        ]
        final = layout.gather([last for last, _ in ways])
        outputs = ()
        if return_sequences:
            outputs = (layout.unflatten(layout.merge([joined(a[0], units) for _, a in ways])),)

        def gradient(*gradients: tf.Tensor) -> Tensors:
            if is_exporting(inputs):
                return refusals(1 + len(rest))
            ready = math.prepare_backward(weights)
            arriving = [None] * len(ways)
            if return_sequences:
                arriving = layout.divide(layout.flatten_gradient(gradients[0]))
            endings = layout.deal(gradients[-count:])
            back = [
                _return(math, *each, ready)
                for each in zip(layout.lanes, arriving, endings, ways, strict=True)
            ]
            for_initial = layout.gather([reached for reached, _ in back])
            deltas = map(layout.merge, zip(*(deltas for _, deltas in back), strict=True))
            previous = layout.merge([joined(arrays[1], units) for _, arrays in ways])
            for_inputs, for_weights = math.gradients(inputs, previous, tuple(deltas), weights)
            return layout.unflatten_gradient(for_inputs), *for_initial, *for_weights

        return (*outputs, *final), gradient

    results = run(sequences, *states, *weights)
    if return_sequences:
        return results[0], results[1:]
    return None, results


def _go(math: StepMath, lane, fed: tf.Tensor, initial: Tensors, ready: Any) -> tuple:
    """Runs a lane's loop; returns the final states, and lists of outputs, states and the kept."""
    array, count, units = lane.array(fed), len(initial), initial[0].shape[-1]

    def advance(step, states, finished, arrays):
        after, kept = math.forward(array.read(step), states, ready)
        arrays = write(arrays, step, (after[0], *states, *kept))
        return *lane.finish(step, states, after, finished), arrays

    widths = [units] * (1 + count) + [width * units for width in math.kept_widths]
    start = (*lane.start(initial), new_arrays(lane.steps, widths, fed))
    last, finished, arrays = walk(advance, start, lane.steps)
    return lane.collect(last, finished), arrays


def _return(math: StepMath, lane, arriving, ending: Tensors, way: tuple, ready: Any) -> tuple:
    """Runs a lane's loop back; returns the initial states' gradients, and all steps' deltas."""
    (_, arrays), count, units = way, len(ending), ending[0].shape[-1]
    if arriving is not None:
        arriving = lane.array(arriving)

    def retreat(step, gradients, deltas):
        after = list(lane.join(step, gradients, ending))
        if arriving is not None:
            after[0] += arriving.read(step)
        before = tuple(array.read(step) for array in arrays[1 : 1 + count])
        kept = tuple(array.read(step) for array in arrays[1 + count :])
        delta, reached = math.backward(kept, before, tuple(after), ready)
        return lane.same_rows(gradients, reached), write(deltas, step, delta)

    widths = [width * units for width in math.delta_widths]
    start = (lane.last_gradients(ending), new_arrays(lane.steps, widths, ending[0]))
    reached, deltas = walk(retreat, start, lane.steps, back=True)
    return lane.first_gradients(reached, ending), tuple(map(joined, deltas, widths))


def walk(body: Callable, variables: tuple, steps: Any, back: bool = False) -> tuple:
    """Calls `body(step, *variables)` for every step, several of them in a round of the loop."""
    several = UNROLL if not isinstance(steps, int) or steps >= FEW_STEPS else 1
    whole = steps - steps % several
    stride = -1 if back else 1

    def turn(count, goes_on):
        def rounds(step, *variables):
            for _ in range(count):
                variables, step = body(step, *variables), step + stride
            return step, *variables

        return lambda *walked: tf.while_loop(goes_on, rounds, walked, parallel_iterations=1)

    turns = [turn(several, lambda step, *_: step >= 0 if back else step < whole)]
    if several > 1 and not (isinstance(steps, int) and whole == steps):
        rest = turn(1, lambda step, *_: step >= whole if back else step < steps)
        turns.insert(0 if back else 1, rest)
    walked = (steps - 1 if back else 0, *variables)
    for each in turns:
        walked = each(*walked)
    return walked[1:]


@functools.lru_cache
def _recur_in_graph(width: int, units: int) -> Callable:
    """Returns `recur` for eager callers: a loop that runs op by op costs several times more.

    A function for each pair of widths, or relaxing its shapes would forget them too.
    """
    return tf.function(recur, autograph=False, reduce_retracing=True)


def is_exporting(inputs: tf.Tensor) -> bool:
    """Whether the gradient is being traced only to be stored with an exported model.

    TensorFlow stores every custom gradient on its own, and cannot store the loop's lists.
    """
    graph = tf.compat.v1.get_default_graph()
    return save_context.in_save_context() and graph is not getattr(inputs, "graph", None)


def refusals(count: int) -> Tensors:
    message = "an exported fast layer has no gradient; train the Keras model it came from"
    with tf.control_dependencies([tf.debugging.Assert(False, [message])]):
        zero = tf.zeros([])
    # TensorFlow compares known shapes before anything runs; this one's is not known.
    return (tf.raw_ops.PlaceholderWithDefault(input=zero, shape=tf.TensorShape(None)),) * count
