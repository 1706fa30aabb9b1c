"""A cell's `call`, as TensorFlow 1's documents write it: it makes the weights by itself."""

import functools
import threading

# The cells whose `__call__` is at work, the innermost last; replicas run in threads of their own.
_AT_WORK = threading.local()


class DirectCall:
    """A mixin for a Keras layer: `layer.call(...)` from outside is `layer(...)`.

    Keras makes the weights and checks the inputs in `__call__` alone, so that `call` of a fresh
    layer fails. TensorFlow 1's documents write `cell.call(inputs, state)`. Here a `call` that does
    not come from `__call__` goes through it; one that does is the subclass's own, at no cost.
    """

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        own = cls.__dict__.get("call")
        if own is not None:
            cls.call = _by_way_of_call(own)

    def __call__(self, *args, **kwargs):
        cells = _cells_at_work()
        cells.append(self)
        try:
            return super().__call__(*args, **kwargs)
        finally:
            cells.pop()


def _by_way_of_call(own):
    @functools.wraps(own)
    def call(self, *args, **kwargs):
        cells = _cells_at_work()
        if cells and cells[-1] is self:
            return own(self, *args, **kwargs)
        return self(*args, **kwargs)

    return call


def _cells_at_work() -> list:
    if not hasattr(_AT_WORK, "cells"):
        _AT_WORK.cells = []
    return _AT_WORK.cells
