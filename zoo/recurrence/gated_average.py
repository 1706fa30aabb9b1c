"""A running average with gates over time, forward and back."""

import functools
from collections.abc import Callable, Sequence

import tensorflow as tf

from zoo.recurrence.fast_layer import under_xla
from zoo.recurrence.fast_layout import Tensors
from zoo.recurrence.fast_loop import column_sums, is_exporting, refusals

# Steps that share a round of the loop: a round costs as much as ten small ops.
BLOCK = 16
Step = Callable[..., tuple[tf.Tensor, Tensors]]


def gated_average(
    gate: tf.Tensor,
    candidate: tf.Tensor,
    initial: tf.Tensor,
    peephole: tf.Tensor | None = None,
    valid: tf.Tensor | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Runs f_t = σ(gate_t + v ⊙ c_{t-1}), c_t = f_t ⊙ c_{t-1} + (1 - f_t) ⊙ candidate_t.

    The way forward is two elementwise ops a step (six with a peephole). The way back is two in
    either case: what a step passes on to the one before is known for all steps at once. Its
    gradient is written by hand, so that gate and state are all that is kept of a step.

    Args:
        gate: `[time, batch, units]`, before the sigmoid.
        candidate: `[time, batch, units]`; finite at padding too.
        initial: c_0, `[batch, units]`.
        peephole: v, `[units]`, or None for none.
        valid: bool `[time, batch, 1]`, or None for all: other steps leave the state as it is.

    Returns:
        c_t of all steps, `[time, batch, units]`, and the last one, `[batch, units]`. There are no
        second derivatives.
    """
    if tf.executing_eagerly():
        in_graph = _in_graph(gate.shape[-1])
        return in_graph(gate, candidate, initial, peephole, valid)

    @tf.custom_gradient
    def run(gate, candidate, initial, *peepholes) -> tuple[Tensors, Callable]:
        if peepholes:
            last, (states, keep) = _with_peephole(gate, candidate, initial, peepholes[0], valid)
        else:
            keep = tf.sigmoid(gate)
            if valid is not None:
                keep = tf.where(valid, keep, tf.ones([], keep.dtype))
            last, (states,) = over_steps(
                _average, initial, (keep, candidate - keep * candidate), num_outputs=1
            )

        def gradient(d_states, d_last) -> Tensors:
            if is_exporting(gate):
                return refusals(3 + len(peepholes))
            previous = tf.concat([initial[None], states[:-1]], axis=0)
            apart, passed = previous - candidate, keep
            for v in peepholes:
                passed = keep + v * tf.raw_ops.SigmoidGrad(y=keep, dy=apart)
            d_initial, (arrived,) = over_steps(
                _pass_back, d_last, (d_states, passed), num_outputs=1, back=True
            )
            # At padding `keep` is 1, which makes all of these zero.
            d_gate = tf.raw_ops.SigmoidGrad(y=keep, dy=arrived * apart)
            d_candidate = arrived - arrived * keep
            d_peepholes = [column_sums(_flat(d_gate * previous)) for _ in peepholes]
            return d_gate, d_candidate, d_initial, *d_peepholes

        return (states, last), gradient

    return run(gate, candidate, initial, *([] if peephole is None else [peephole]))


def over_steps(
    step: Step,
    carry: tf.Tensor,
    sequences: Sequence[tf.Tensor],
    num_outputs: int,
    back: bool = False,
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Calls `carry, outputs = step(carry, *items)` for every step of time-major sequences.

    Args:
        step: A function of tensors that are all `[batch, units]`.
        carry: What the first call gets.
        sequences: `[time, batch, units]` each; an item is one step of one.
        num_outputs: How many outputs a step has.
        back: Whether to run from the last step to the first. Outputs stay in the order of time.

    Returns:
        What the last call gave to carry on, and the outputs, `[time, batch, units]` each.
    """
    shape, dtype = carry.shape, carry.dtype
    time = sequences[0].shape[0]
    if time is None:
        time = tf.shape(sequences[0])[0]
    # XLA joins the ops of a step by itself, and has no lists of tensors of different sizes.
    block = 1 if under_xla() else BLOCK
    whole = time // block
    size = whole + time % block

    def read(sequence, start, count):
        if count == 1:
            return [tf.gather(sequence, start)]
        return tf.unstack(tf.slice(sequence, [start, 0, 0], [count, -1, -1]), count)

    def run(carry, start, count):
        columns: list[list] = [[] for _ in range(num_outputs)]
        items = list(zip(*(read(each, start, count) for each in sequences), strict=True))
        for each in reversed(items) if back else items:
            carry, outputs = step(carry, *each)
            for column, output in zip(columns, outputs, strict=True):
                column.append(output)
        carry.set_shape(shape)
        return carry, [tf.stack(column[::-1] if back else column) for column in columns]

    def rounds(first, last, count, start_of):
        """The loop over rounds `first` to `last` (not with it), in either direction."""

        def turn(place, carry, *arrays):
            carry, outputs = run(carry, start_of(place), count)
            written = [a.write(place, o) for a, o in zip(arrays, outputs, strict=True)]
            return place - 1 if back else place + 1, carry, *written

        def goes_on(place, *_):
            return place >= first if back else place < last

        def loop(variables):
            start = last - 1 if back else first
            return tf.while_loop(goes_on, turn, (start, *variables), parallel_iterations=1)[1:]

        return loop

    arrays = [
        tf.TensorArray(dtype, size, infer_shape=False, element_shape=[None, *shape])
        for _ in range(num_outputs)
    ]
    loops = [rounds(0, whole, block, lambda place: place * block)]
    if block > 1:
        loops.append(rounds(whole, size, 1, lambda place: place - whole + whole * block))
    variables = (carry, *arrays)
    for loop in reversed(loops) if back else loops:
        variables = loop(variables)
    carry, *arrays = variables
    if block == 1:
        outputs = [tf.reshape(a.stack(), tf.concat([[time], tf.shape(carry)], 0)) for a in arrays]
    else:
        outputs = [array.concat() for array in arrays]
    for output in outputs:
        output.set_shape(sequences[0].shape)
    return carry, outputs


def _average(state: tf.Tensor, keep: tf.Tensor, new: tf.Tensor) -> tuple[tf.Tensor, Tensors]:
    state = keep * state + new
    return state, (state,)


def _pass_back(
    reached: tf.Tensor, arriving: tf.Tensor, passed: tf.Tensor
) -> tuple[tf.Tensor, Tensors]:
    arrived = arriving + reached
    return passed * arrived, (arrived,)


def _with_peephole(gate, candidate, initial, peephole, valid) -> tuple[tf.Tensor, list]:
    if valid is not None:
        # A gate of infinity keeps everything, whatever the state adds to it.
        gate = tf.where(valid, gate, tf.constant(float("inf"), gate.dtype))
        candidate = tf.where(valid, candidate, tf.zeros([], candidate.dtype))

    def step(state, gate, candidate):
        keep = tf.sigmoid(gate + peephole * state)
        state = candidate + keep * (state - candidate)
        return state, (state, keep)

    return over_steps(step, initial, (gate, candidate), num_outputs=2)


def _flat(steps: tf.Tensor) -> tf.Tensor:
    return tf.reshape(steps, [-1, steps.shape[-1]])


@functools.lru_cache
def _in_graph(units: int) -> Callable:
    # A loop that runs op by op costs several times more; one function for each width.
    return tf.function(gated_average, autograph=False, reduce_retracing=True)
