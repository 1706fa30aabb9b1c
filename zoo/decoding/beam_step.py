"""A decoder's step as beam search takes it."""

import functools
from typing import Any


def beam_step(decoder: Any, beam_width: int) -> dict[str, Any]:
    """Returns the arguments `step` and `share_memory` of a beam search.

    Where the decoder's attention keeps no state, the hypotheses of a row look at one memory, as
    several queries at once; otherwise the search repeats it for each of them. The results agree.

    Args:
        decoder: An `AttentionDecoder` or a `ContextDecoder`, built.
        beam_width: beam width of the search.

    Example:

        beam_search(state=state, memory=memory, beam_width=8, **beam_step(decoder, 8), ...)
    """
    shared = getattr(decoder, "shares_memory", False)
    together = {"hypotheses": beam_width} if shared else {}
    step = functools.partial(decoder.step, training=False, **together)
    return {"step": step, "share_memory": shared}
