"""How a batch's steps lie in memory while a recurrence runs over them."""

from collections.abc import Sequence

import tensorflow as tf

from zoo.recurrence.fast_packing import Packing

Tensors = tuple[tf.Tensor, ...]
Arrays = tuple[tf.TensorArray, ...]
# With fewer rows than this a second lane costs more than it gives.
FEW_ROWS = 16


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
    """Every row has every step: flat means time-major, one lane after the other.

    A layout says how `[batch, time, any]` becomes flat, `[N, any]`, and how it comes back; how
    flat rows and the batch's states are dealt out to the lanes; and what a lane is: how its flat
    rows fall into steps, and which rows its states have as the loop goes on and back.

    Args:
        sequences: `[batch, time, any]`.
        go_backwards: Whether the last step comes first.
        num_lanes: Into how many groups of rows a batch that is not small is parted.
    """

    def __init__(self, sequences: tf.Tensor, go_backwards: bool, num_lanes: int = 1):
        self.go_backwards = go_backwards
        self.shape = sequences.shape[:2]
        batch, time = _sizes(sequences)
        if isinstance(batch, int) and batch < FEW_ROWS:
            num_lanes = 1
        share = batch // num_lanes
        if num_lanes > 1 and not isinstance(batch, int):
            share = tf.where(batch < FEW_ROWS, 0, share)
        self.rows = [batch - share * (num_lanes - 1)] + [share] * (num_lanes - 1)
        self.lanes = [FullLane(rows, time if lane == 0 else self._steps(rows, time))
                      for lane, rows in enumerate(self.rows)]  # fmt: skip

    @staticmethod
    def _steps(rows, time):
        return time if isinstance(rows, int) else tf.where(rows > 0, time, 0)

    def flatten(self, sequences: tf.Tensor) -> tf.Tensor:
        flat = self._time_major(sequences)
        if self.go_backwards:
            flat = [tf.reverse(part, [0]) for part in flat]
        return self.merge([tf.reshape(part, [-1, sequences.shape[-1]]) for part in flat])

    def flatten_gradient(self, gradient: tf.Tensor) -> tf.Tensor:
        flat = self._time_major(gradient)
        return self.merge([tf.reshape(part, [-1, gradient.shape[-1]]) for part in flat])

    def unflatten(self, flat: tf.Tensor) -> tf.Tensor:
        return self._batch_major(flat, reverse=False)

    def unflatten_gradient(self, flat: tf.Tensor) -> tf.Tensor:
        return self._batch_major(flat, reverse=self.go_backwards)

    def divide(self, flat: tf.Tensor) -> list[tf.Tensor]:
        """Parts flat rows by lane."""
        if len(self.rows) == 1:
            return [flat]
        time = self.shape[1] if self.shape[1] is not None else self.lanes[0].steps
        return tf.split(flat, [rows * time for rows in self.rows])

    def merge(self, parts: Sequence[tf.Tensor]) -> tf.Tensor:
        """Undoes `divide`."""
        return parts[0] if len(parts) == 1 else tf.concat(parts, axis=0)

    def deal(self, states: Sequence[tf.Tensor]) -> list[Tensors]:
        """Parts states, each `[batch, units]`, by lane."""
        if len(self.rows) == 1:
            return [tuple(states)]
        return list(zip(*(tf.split(state, self.rows) for state in states), strict=True))

    def gather(self, parts: Sequence[Tensors]) -> Tensors:
        """Undoes `deal`."""
        states = tuple(self.merge(states) for states in zip(*parts, strict=True))
        for state in states:
            state.set_shape([self.shape[0], state.shape[-1]])
        return states

    def _time_major(self, sequences: tf.Tensor) -> list[tf.Tensor]:
        parts = [sequences] if len(self.rows) == 1 else tf.split(sequences, self.rows)
        return [tf.transpose(part, [1, 0, 2]) for part in parts]

    def _batch_major(self, flat: tf.Tensor, reverse: bool) -> tf.Tensor:
        width, parts = flat.shape[-1], []
        time = self.lanes[0].steps
        for rows, part in zip(self.rows, self.divide(flat), strict=True):
            steps = tf.transpose(tf.reshape(part, [time, rows, width]), [1, 0, 2])
            parts.append(tf.reverse(steps, [1]) if reverse else steps)
        merged = self.merge(parts)
        merged.set_shape([*self.shape, width])
        return merged


class FullLane:
    """Rows that all have every step."""

    def __init__(self, rows, steps):
        self.rows, self.steps = rows, steps

    def array(self, flat: tf.Tensor) -> tf.TensorArray:
        array = tf.TensorArray(flat.dtype, self.steps, clear_after_read=False)
        return array.unstack(tf.reshape(flat, [self.steps, self.rows, flat.shape[-1]]))

    def start(self, initial: Tensors) -> tuple[Tensors, Arrays]:
        return initial, ()

    def finish(
        self, step: tf.Tensor, states: Tensors, after: Tensors, finished: Arrays
    ) -> tuple[Tensors, Arrays]:
        return self.same_rows(states, after), finished

    def collect(self, last: Tensors, finished: Arrays) -> Tensors:
        return last

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

    def __init__(self, sequences: tf.Tensor, packing: Packing):
        self.packing = packing
        self.shape, self.batch_and_time = sequences.shape[:2], _sizes(sequences)
        self.lanes = [PackedLane(sizes) for sizes in packing.sizes]

    def flatten(self, sequences: tf.Tensor) -> tf.Tensor:
        return tf.gather(tf.reshape(sequences, [-1, sequences.shape[-1]]), self.packing.source)

    def flatten_gradient(self, gradient: tf.Tensor) -> tf.Tensor:
        flat = tf.reshape(gradient, [-1, gradient.shape[-1]])
        if self.packing.hold:
            total = tf.shape(self.packing.source)[0]
            return tf.math.unsorted_segment_sum(flat, self.packing.target, total + 1)[:-1]
        return tf.gather(flat, self.packing.shown)

    def unflatten(self, flat: tf.Tensor) -> tf.Tensor:
        return self._rows_or_zeros(flat, self.packing.target)

    def unflatten_gradient(self, flat: tf.Tensor) -> tf.Tensor:
        return self._rows_or_zeros(flat, self.packing.sink)

    def divide(self, flat: tf.Tensor) -> list[tf.Tensor]:
        if len(self.lanes) == 1:
            return [flat]
        return tf.split(flat, [tf.reduce_sum(sizes) for sizes in self.packing.sizes])

    def merge(self, parts: Sequence[tf.Tensor]) -> tf.Tensor:
        return parts[0] if len(parts) == 1 else tf.concat(parts, axis=0)

    def deal(self, states: Sequence[tf.Tensor]) -> list[Tensors]:
        return [tuple(tf.gather(state, order) for state in states) for order in self.packing.order]

    def gather(self, parts: Sequence[Tensors]) -> Tensors:
        states = (self.merge(states) for states in zip(*parts, strict=True))
        return tuple(tf.gather(state, self.packing.place) for state in states)

    def _rows_or_zeros(self, flat: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
        """Puts row `index[i]` of `flat` at place i of the batch; one past the end is zeros."""
        width = flat.shape[-1]
        flat = tf.concat([flat, tf.zeros([1, width], flat.dtype)], axis=0)
        rows = tf.reshape(tf.gather(flat, index), [*self.batch_and_time, width])
        rows.set_shape([*self.shape, width])
        return rows


class PackedLane:
    """Rows that end one after the other.

    The states shrink as rows end. What a row ends with is put aside, its array's end first, so
    that the array reads as the rows' order; the way back takes it up again.
    """

    def __init__(self, sizes: tf.Tensor):
        self.sizes, self.steps = sizes, tf.shape(sizes)[0]
        # How many rows run at each step, and none after the last.
        self.alive = tf.concat([sizes, [0]], axis=0)

    def array(self, flat: tf.Tensor) -> tf.TensorArray:
        (array,) = new_arrays(self.steps, [flat.shape[-1]], flat)
        return array.split(flat, self.sizes)

    def start(self, initial: Tensors) -> tuple[Tensors, Arrays]:
        finished = new_arrays(self.steps + 1, [part.shape[-1] for part in initial], initial[0])
        first = self.alive[0]
        finished = write(finished, self.steps, [state[first:] for state in initial])
        return tuple(_any_rows(state[:first]) for state in initial), finished

    def finish(
        self, step: tf.Tensor, states: Tensors, after: Tensors, finished: Arrays
    ) -> tuple[Tensors, Arrays]:
        rest = self.alive[step + 1]
        finished = write(finished, self.steps - 1 - step, [state[rest:] for state in after])
        return tuple(state[:rest] for state in after), finished

    def collect(self, last: Tensors, finished: Arrays) -> Tensors:
        pairs = zip(finished, last, strict=True)
        return tuple(joined(array, state.shape[-1]) for array, state in pairs)

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
        pairs = zip(reached, ending, strict=True)
        return tuple(tf.concat([each, end[first:]], axis=0) for each, end in pairs)


def _any_rows(rows: tf.Tensor) -> tf.Tensor:
    """Hides how many rows there are, where a constant mask tells, from a loop that changes it."""
    return tf.raw_ops.PlaceholderWithDefault(input=rows, shape=[None, rows.shape[-1]])


def _sizes(sequences: tf.Tensor) -> list:
    """Batch and time, as numbers where they are known."""
    asked = tf.shape(sequences)
    return [asked[axis] if sequences.shape[axis] is None else sequences.shape[axis]
            for axis in range(2)]  # fmt: skip
