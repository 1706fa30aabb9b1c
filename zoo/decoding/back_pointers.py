"""Back-pointers: written while a beam search runs, followed when it has ended."""

from typing import Any, NamedTuple

import tensorflow as tf

from zoo.decoding.decoded import Decoded
from zoo.decoding.limits import Limit


class Trail(NamedTuple):
    """What every step of a beam search leaves behind, as tensor arrays of [B, K] entries.

    Attributes:
        tokens: int32, the token of each kept extension; it may be the stop token.
        parents: int32, the slot of the hypothesis that it extends.
        log_probabilities: float32, the sum up to this token.
        scores: float32, the final score where the hypothesis ends here, otherwise -inf.
        records: A nest of arrays of [B*K, ...] entries, in the order of the parents' slots.
    """

    tokens: tf.TensorArray
    parents: tf.TensorArray
    log_probabilities: tf.TensorArray
    scores: tf.TensorArray
    records: Any

    @classmethod
    def open(
        cls, limit: Limit, num_rows: int | tf.Tensor, beam_width: int, records: Any
    ) -> "Trail":
        """Returns a trail with nothing written."""
        shape = [num_rows if isinstance(num_rows, int) else None, beam_width]
        arrays = [
            limit.array(dtype, shape) for dtype in (tf.int32, tf.int32, tf.float32, tf.float32)
        ]
        return cls(*arrays, records)

    def write(
        self,
        index: tf.Tensor,
        tokens: tf.Tensor,
        parents: tf.Tensor,
        log_probabilities: tf.Tensor,
        scores: tf.Tensor,
        records: Any,
    ) -> "Trail":
        """Returns the trail with one step more; the records are written already."""
        return Trail(
            self.tokens.write(index, tokens),
            self.parents.write(index, parents),
            self.log_probabilities.write(index, log_probabilities),
            self.scores.write(index, scores),
            records,
        )


def trace_back(
    trail: Trail,
    steps: tf.Tensor,
    limit: Limit,
    stop: int,
    num_results: int,
    pad_id: int,
    recorded: bool,
) -> Decoded:
    """Picks the best ended hypotheses of each row and follows their back-pointers.

    Args:
        trail: What the search has left.
        steps: int32 scalar, how many steps of it are written.
        limit: The search's.
        stop: The stop token, or -1.
        num_results: N, how many hypotheses to return.
        pad_id: What fills tokens after an end.
        recorded: Whether the trail holds records.

    Returns:
        A `Decoded` with tokens [B, N, T].
    """
    ends = _best_ends(trail, steps, limit, num_results)
    tokens, slots = _follow(trail, steps, ends, limit)
    stopped = ends.exists & (_at(trail.tokens.stack(), ends) == stop)
    lengths = tf.where(ends.exists, ends.time + 1 - tf.cast(stopped, tf.int32), 0)
    # The greatest length of no rows at all is not zero.
    width = limit.steps if limit.static else tf.maximum(tf.reduce_max(lengths), 0)
    real = tf.sequence_mask(lengths, width)
    scores, log_probabilities = ends.score, _at(trail.log_probabilities.stack(), ends)
    log_probabilities = tf.where(ends.exists, log_probabilities, float("-inf"))
    # Where no token may come, the empty sequence is the one hypothesis, and certain.
    empty = (limit.rows[:, None] <= 0) & (tf.range(num_results) == 0)
    return Decoded(
        tf.where(real, tokens[:, :, :width], pad_id),
        lengths,
        tf.where(empty, 0.0, scores),
        tf.where(empty, 0.0, log_probabilities),
        stopped,
        _pick_records(trail.records, slots[:, :, :width], real) if recorded else None,
    )


class _Ends(NamedTuple):
    """Where the best hypotheses end, [B, N] each."""

    score: tf.Tensor
    time: tf.Tensor
    slot: tf.Tensor
    exists: tf.Tensor


def _best_ends(trail: Trail, steps: tf.Tensor, limit: Limit, num_results: int) -> _Ends:
    scores = trail.scores.stack()
    beam_width = scores.shape[2]
    # Entries that were never written read as zero, which would be the best score of all.
    written = tf.range(tf.shape(scores)[0]) < steps
    scores = tf.where(written[:, None, None], scores, float("-inf"))
    scores = tf.reshape(tf.transpose(scores, [1, 0, 2]), [tf.shape(scores)[1], -1])
    # Of equal scores the one that ended first comes first, as in the search itself.
    best, places = tf.math.top_k(scores, num_results)
    return _Ends(best, places // beam_width, places % beam_width, best > float("-inf"))


def _at(values: tf.Tensor, ends: _Ends) -> tf.Tensor:
    """Returns [B, N] of values [T, B, K] at the ends."""
    rows = tf.broadcast_to(tf.range(tf.shape(values)[1])[:, None], tf.shape(ends.time))
    return tf.gather_nd(values, tf.stack([ends.time, rows, ends.slot], axis=-1))


def _follow(
    trail: Trail, steps: tf.Tensor, ends: _Ends, limit: Limit
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the tokens, and the slots whose records belong to them, each [B, N, T]."""

    def going(time, slot, tokens, slots):
        return time >= 0

    def back(time, slot, tokens, slots):
        # Before its end a hypothesis is followed; after it, it has not been met yet.
        met = time <= ends.time
        token = tf.gather(trail.tokens.read(time), slot, batch_dims=1)
        parent = tf.gather(trail.parents.read(time), slot, batch_dims=1)
        tokens = tokens.write(time, token)
        slots = slots.write(time, parent)
        return time - 1, tf.where(met, parent, slot), tokens, slots

    def empty():
        size = limit.steps if limit.static else steps
        return tf.TensorArray(tf.int32, size=size, element_shape=ends.slot.shape)

    _, _, tokens, slots = tf.while_loop(going, back, (steps - 1, ends.slot, empty(), empty()))
    return tf.transpose(tokens.stack(), [1, 2, 0]), tf.transpose(slots.stack(), [1, 2, 0])


def _pick_records(arrays: Any, slots: tf.Tensor, real: tf.Tensor) -> Any:
    """Returns [B, N, T, ...] for every array of [B*K, ...] entries."""
    num_rows, _, width = tf.unstack(tf.shape(slots))

    def pick(array: tf.TensorArray) -> tf.Tensor:
        values = array.stack()
        beam_rows = tf.shape(values)[1]
        beam_width = beam_rows // tf.maximum(num_rows, 1)
        rows = tf.range(num_rows)[:, None, None] * beam_width + slots
        places = tf.where(real, tf.range(width) * beam_rows + rows, 0)
        flat = tf.reshape(values, tf.concat([[-1], tf.shape(values)[2:]], 0))
        picked = tf.gather(flat, places)
        shape = tf.concat([tf.shape(real), tf.ones([tf.rank(picked) - 3], tf.int32)], 0)
        return tf.where(tf.reshape(real, shape), picked, tf.zeros([], picked.dtype))

    return tf.nest.map_structure(pick, arrays)
