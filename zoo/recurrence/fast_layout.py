"""How a batch's steps lie in memory while a recurrence runs over them."""

from collections.abc import Sequence

import tensorflow as tf

from zoo.recurrence.fast_packing import Packing

Tensors = tuple[tf.Tensor, ...]
Arrays = tuple[tf.TensorArray, ...]


def new_arrays(size: tf.Tensor, widths: Sequence[int], like: tf.Tensor) -> Arrays:
    """Makes lists of `size` tensors `[any, width]`, one list a width, that can be read twice."""
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


def write(arrays: Sequence[tf.TensorArray], step: tf.Tensor, values: Sequence[tf.Tensor]) -> Arrays:
    """Puts one value into each list, at place `step`."""
    return tuple(array.write(step, value) for array, value in zip(arrays, values, strict=True))


def joined(array: tf.TensorArray, width: int) -> tf.Tensor:
    """Lays a list's tensors end to end, `[N, width]`."""
    return tf.reshape(array.concat(), [-1, width])


class FullLayout:
    """Every row has every step: flat means time-major.

    A layout says how `[batch, time, any]` becomes flat, `[N, any]`, and how it comes back; how
    the flat rows fall into steps; and which rows the states have as the loop goes on and back.
    """

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


class PackedLayout:
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
        (array,) = new_arrays(self.num_steps(sequences), [flat.shape[-1]], flat)
        return array.split(flat, self.packing.sizes)

    # The states shrink as rows end. What a row ends with is put aside, its array's end first, so
    # that the array reads as the rows' order; the way back takes it up again.

    def start(self, initial: Tensors) -> tuple[Tensors, Arrays]:
        states = self.sort(initial)
        steps, units = tf.shape(self.packing.sizes)[0], states[0].shape[-1]
        finished = new_arrays(steps + 1, [units] * len(states), states[0])
        first = self.alive[0]
        finished = write(finished, steps, [state[first:] for state in states])
        return tuple(_any_rows(state[:first]) for state in states), finished

    def finish(
        self, step: tf.Tensor, states: Tensors, after: Tensors, finished: Arrays
    ) -> tuple[Tensors, Arrays]:
        rest = self.alive[step + 1]
        place = tf.shape(self.packing.sizes)[0] - 1 - step
        finished = write(finished, place, [state[rest:] for state in after])
        return tuple(state[:rest] for state in after), finished

    def collect(self, last: Tensors, finished: Arrays) -> Tensors:
        ended = (
            joined(array, state.shape[-1]) for array, state in zip(finished, last, strict=True)
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
