"""What an attention looks at."""

from typing import Any, NamedTuple


class Memory(NamedTuple):
    """A sequence of encoded positions, ready to be attended to at every step of a decoder.

    It is made once for each sequence by `attention.memory(values, mask)` and is three plain
    tensors, so it passes through functional models, loops and signatures.

    Attributes:
        values: `[batch, positions, values_dim]`, what contexts are made of; zero on padding.
        keys: `[batch, positions, keys_dim]`, what queries are compared with.
        mask: `[batch, positions]`, bool, true on real positions.
    """

    values: Any
    keys: Any
    mask: Any
