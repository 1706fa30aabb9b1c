"""Luong's concat score."""

import keras

from zoo.attention.additive import AdditiveAttention
from zoo.attention.catalog import attentions


@attentions.register("concat")
@keras.saving.register_keras_serializable(package="zoo")
class ConcatAttention(AdditiveAttention):
    """A layer of tanh units looks at query and position side by side.

        e_ij = v^T tanh(W [q_i ; h_j])

    Luong, Pham and Manning, "Effective approaches to attention-based neural machine translation",
    2015. There q_i is the decoder's state after the step.

    W is held as its two blocks, since W [q ; h] = W_q q + W_h h: so the second is worked out once a
    sequence, and this is the function of `additive` under Luong's name. The two differ in the query
    that their papers pass.

    Args:
        units: Width of the scoring space, the rows of W.
        use_bias: Whether a bias is added inside the tanh; the paper has none.

    Example:

    >>> import numpy as np
    >>> attention = ConcatAttention(units=8)
    >>> memory = attention.memory(np.ones((2, 5, 6)))
    >>> attention(np.ones((2, 4)), memory)[0].shape
    TensorShape([2, 6])
    """
