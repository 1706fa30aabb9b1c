"""Strategies by name."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from zoo.decoding.decoded import Decoded
from zoo.errors import unknown_name
from zoo.registry import Registry

strategies: Registry[Callable[..., Decoded]] = Registry("decoding strategy")


def get(name: str, **settings: Any) -> Callable[..., Decoded]:
    """Returns a strategy with some of its settings filled in.

    Args:
        name: "greedy", "sample" or "beam".
        **settings: The strategy's own keyword arguments, such as `beam_width`. A setting may be
            left for the call, and the call's value wins.

    Returns:
        A function `(step, state, memory, *, start_id, stop_id, max_length, ...) -> Decoded`.

    Raises:
        InputError: No strategy has this name, or the strategy has no such setting.

    Example:

    >>> import zoo.decoding
    >>> decode = zoo.decoding.get("beam", beam_width=4, length_penalty=0.6)
    """
    strategy = strategies.get(name)
    parameters = inspect.signature(strategy).parameters.values()
    known = [p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY]
    for setting in settings:
        if setting not in known:
            raise unknown_name(f"setting of the decoding strategy {name!r}", setting, known)
    return functools.partial(strategy, **settings)
