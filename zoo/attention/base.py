"""What every attention answers to."""

from typing import Any, ClassVar

import keras
from keras import ops

from zoo.attention.memory import Memory
from zoo.errors import InputError


class Attention(keras.layers.Layer):
    """One step of attention: a query looks at a memory and brings back a context.

    For the queries q_i and the memory's values v_j

        a_ij = weights of the kind, over j        c_i = sum_j a_ij v_j

    What differs between kinds is how a_ij comes about. All of them are used in the same way:

        memory = attention.memory(values, mask)                            once a sequence
        context, weights, state = attention(query, memory, state)          once a step

    **Which query.** The layer looks at whatever it is given, and the decoder says what that is:
    its state before the step, s_{i-1} (Bahdanau et al. 2014); its state after the step, s_i (Luong
    et al. 2015); or the embedding of the previous output, y_{i-1}. To score from two of these at
    once, join them on the last axis: a projection of `[s, y]` is the sum of a projection of each.

    **Masks** are explicit tensors; one that Keras attached to a tensor is not looked at. Padding
    has a weight of exactly zero and changes no output. Where a row has no real position, its
    weights and context are zero and so are all gradients.

    **Precision.** Under a mixed policy scores and contexts are in the compute type, softmax and
    state in float32.

    Attributes:
        accepts_sequences: Whether a query of rank 3 (all steps at once) is taken.
    """

    accepts_sequences: ClassVar[bool] = True

    def __init__(self, **kwargs: Any):
        # State is float32 under every policy, so inputs are cast one by one in `call`.
        super().__init__(autocast=False, **kwargs)
        self.supports_masking = True

    def memory(self, values: Any, mask: Any = None) -> Memory:
        """Does what needs doing once for a sequence: clears its padding, projects its keys.

        Args:
            values: `[batch, positions, values_dim]`.
            mask: `[batch, positions]`, true (or not zero) on real positions; None: all are real.

        Returns:
            A `Memory`.

        Raises:
            InputError: The shapes are not as above.
        """
        return self(None, (values,) if mask is None else (values, mask))

    def get_initial_state(
        self, batch_size: Any, memory_length: Any, dtype: str | None = None
    ) -> tuple:
        """Returns the state before the first step: `()` for a kind that keeps none.

        Args:
            batch_size: Rows in the batch; an int or a scalar tensor.
            memory_length: Positions in the memory, padding included; an int or a scalar tensor.
            dtype: Type of the state; None: float32, under mixed precision too.
        """
        return ()

    def __call__(
        self, query: Any, memory: Any, state: tuple | None = None, training: bool | None = None
    ) -> Any:
        """Takes one step (or, where `accepts_sequences`, all steps at once).

        Args:
            query: `[batch, query_dim]`, or `[batch, steps, query_dim]`.
            memory: What `memory` returned.
            state: What the previous step returned; None: the initial state.
            training: Whether this is training; it matters to `hard` and `monotonic` only.

        Returns:
            context: `[batch, values_dim]`, or `[batch, steps, values_dim]`.
            weights: `[batch, positions]`, or `[batch, steps, positions]`.
            next_state: `()`, or a named tuple of tensors shaped like the state.

        Raises:
            InputError: A shape does not fit.
        """
        if query is None:  # the call that `memory` makes
            self._check_values(*memory)
            return Memory(*super().__call__(None, tuple(memory)))
        memory = Memory(*memory)
        self.check_query(query, memory)
        return super().__call__(query, memory, state=state, training=training)

    def call(self, query, memory, state=None, training=None):
        if query is None:
            return self._remember(*memory)
        values, keys, mask = memory
        memory = Memory(self._cast(values), self._cast(keys), ops.cast(mask, "bool"))
        if not state:
            state = self.get_initial_state(ops.shape(values)[0], ops.shape(values)[1])
        one_step = len(query.shape) == 2
        queries = self._cast(ops.expand_dims(query, 1) if one_step else query)
        weights, next_state = self.weigh(queries, memory, state, training)
        weights = self._cast(weights)
        context = ops.matmul(weights, memory.values)
        if one_step:
            context, weights = ops.squeeze(context, 1), ops.squeeze(weights, 1)
        return context, weights, next_state

    def project(self, values: Any) -> Any:
        """Returns the keys for the values; they are the values where a kind has no projection."""
        return values

    def weigh(self, queries: Any, memory: Memory, state: tuple, training: bool | None) -> tuple:
        """Returns the weights `[batch, steps, positions]` and the next state; each kind's own.

        Args:
            queries: `[batch, steps, query_dim]`; one step unless `accepts_sequences`.
            memory: The memory.
            state: The state before the step; never None.
            training: Whether this is training.
        """
        raise NotImplementedError

    def build(self, query_shape=None, memory_shape=None):
        """Makes the weights that these shapes allow for; a projection waits for its input.

        Args:
            query_shape: shape of one query, or None.
            memory_shape: shape of the values alone, or of the parts of a memory, values
                first; or None.
        """

    def get_build_config(self):
        # Keras would take a lone shape for that of the query, whichever call came first.
        shapes = self._build_shapes_dict or {}
        return {name: shapes.get(name) for name in ("query_shape", "memory_shape")}

    def build_from_config(self, config):
        self.build(**config)

    @property
    def output(self) -> Any:
        """The symbolic outputs of the call that had the most; Keras gives those of the first."""
        # A functional model takes all calls of a layer to have as many outputs as `output` has,
        # and it does not mind a surplus; a memory and a step differ.
        outputs = [node.output_tensors for node in self._inbound_nodes]
        return max(outputs, key=len) if outputs else super().output

    def compute_mask(self, *args: Any, **kwargs: Any) -> None:
        return None

    def _remember(self, values, mask=None):
        values = self._cast(values)
        if mask is None:
            mask = ops.ones(ops.shape(values)[:2], dtype="bool")
        else:
            mask = ops.cast(mask, "bool")
            values = ops.where(ops.expand_dims(mask, -1), values, ops.cast(0, values.dtype))
        return Memory(values, self.project(values), mask)

    def _cast(self, x):
        return ops.cast(x, self.compute_dtype)

    def _check_values(self, values, mask=None):
        if len(values.shape) != 3:
            raise InputError(
                f"{self.name}: values must be [batch, positions, values_dim], not of shape "
                f"{tuple(values.shape)}"
            )
        if mask is not None and not _fits(mask.shape, values.shape[:2]):
            raise InputError(
                f"{self.name}: the mask must be [batch, positions] = {tuple(values.shape[:2])}, "
                f"not of shape {tuple(mask.shape)}"
            )

    def check_query(self, query: Any, memory: Memory) -> None:
        """Raises `InputError` where the query's static shape cannot be right."""
        if len(query.shape) not in ((2, 3) if self.accepts_sequences else (2,)):
            also = " or [batch, steps, query_dim]" if self.accepts_sequences else ""
            raise InputError(
                f"{self.name}: the query must be [batch, query_dim]{also}, not of shape "
                f"{tuple(query.shape)}"
            )


def _fits(shape, expected):
    return len(shape) == len(expected) and all(
        a is None or b is None or a == b for a, b in zip(shape, expected, strict=True)
    )


def values_shape(memory_shape: Any) -> Any:
    """Returns the shape of a memory's values from what `build` was given."""
    nested = memory_shape is not None and isinstance(memory_shape[0], tuple | list)
    return memory_shape[0] if nested else memory_shape
