"""Weights that a TensorFlow 1 checkpoint holds, for the zoo's cells."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from zoo.cells.cell_wrapper import CellWrapper
from zoo.cells.multi_rnn_cell import MultiRNNCell
from zoo.cells.tf1_names import tf1_names
from zoo.errors import InputError


def load_tf1_checkpoint(
    cell: Any, checkpoint: str | os.PathLike | Mapping[str, np.ndarray], scope: str = ""
) -> None:
    """Loads what `tf.nn.rnn_cell` or `tf.contrib.rnn` saved into a zoo cell, and builds it.

    Variables are found by what TensorFlow called them, under any outer scope: the `kernel` and
    `bias` of `rnn/basic_lstm_cell`, the `gates/kernel` of `rnn/gru_cell`, and for a stack those of
    `rnn/multi_rnn_cell/cell_0/...`. The `weights` and `biases` of TensorFlow before 1.2 are known
    too; an optimiser's slots are passed over.

    Args:
        cell: A zoo cell; stacked and wrapped ones included. Its sizes must be those of the cell
            that was saved; it need not be built, since the checkpoint knows the input's size.
        checkpoint: The prefix of a checkpoint (`model.ckpt-1000`), a folder that holds one, or the
            variables themselves, by name.
        scope: Where to look, when the checkpoint holds several cells that would do:
            `"bidirectional_rnn/fw"`.

    Raises:
        InputError: For a checkpoint that cannot be read, variables that are missing or of another
            shape, several scopes that would do, or a cell that TensorFlow 1 did not have.

    Example:

    >>> cell = BasicRNNCell(2)
    >>> load_tf1_checkpoint(cell, {
    ...     "rnn/basic_rnn_cell/kernel": np.ones((5, 2)), "rnn/basic_rnn_cell/bias": np.ones(2)})
    >>> cell.input_features
    3
    """
    variables = _read(checkpoint)
    loads = list(_loads(cell, variables, scope.strip("/")))
    if not cell.built:
        # The first to come is the lowest cell, and its first variable the kernel over [x, h].
        owner, (_, name), *_ = loads[0]
        cell.build((None, variables[name].shape[0] - owner.output_size))
        cell.built = True
    for owner, *pairs in loads:
        for attribute, name in pairs:
            _assign(getattr(owner, attribute), name, variables[name])


def _loads(cell: Any, variables: Mapping, scope: str, inside: tuple = ()) -> Iterator[list]:
    """Walks a cell from the bottom; yields `[owner, (attribute, full name), ...]`.

    `inside` holds the `cell_0` of every stack around.
    """
    if isinstance(cell, MultiRNNCell):
        for number, part in enumerate(cell.cells):
            yield from _loads(part, variables, scope, (*inside, f"cell_{number}"))
        return
    names = tf1_names(cell)
    if isinstance(cell, CellWrapper):
        yield from _loads(cell.cell, variables, scope, inside)
    elif names is None:
        raise InputError(
            f"load_tf1_checkpoint knows the cells that TensorFlow 1 had; got {type(cell).__name__}"
        )
    if names is not None:
        place = _find(type(cell).__name__, *names, variables, scope, inside)
        yield [cell, *((attribute, _join(place, name)) for attribute, name in names[1].items())]


def _find(
    owner: str, own_scope: str, names: dict, variables: Mapping, scope: str, inside: tuple
) -> str:
    """The one scope that holds all the variables of an owner."""
    probe = next(iter(names.values()))
    places = [name[: -len(probe)].rstrip("/") for name in variables if _ends_with(name, probe)]
    places = [
        place
        for place in places
        if _starts_with(place, scope)
        and _stack_of(place[len(scope) :]) == inside
        and all(_join(place, name) in variables for name in names.values())
    ]
    # A dense layer has a kernel and a bias as well: the cell's own scope decides.
    places = [place for place in places if _ends_with(place, own_scope)] or places
    if len(places) == 1:
        return places[0]
    wanted = f"the {', '.join(names.values())} of {owner}"
    if places:
        raise InputError(
            f"the checkpoint holds {wanted} {len(places)} times, in {', '.join(sorted(places))}; "
            "say which with scope="
        )
    under = "/".join(filter(None, [scope, *inside]))
    raise InputError(
        f"the checkpoint does not hold {wanted}{f' under {under}' if under else ''}; it holds: "
        f"{', '.join(sorted(variables)) or 'nothing'}"
    )


def _assign(variable: Any, name: str, value: np.ndarray) -> None:
    if tuple(variable.shape) != tuple(value.shape):
        raise InputError(
            f"the checkpoint's {name} has shape {tuple(value.shape)}; the cell expects "
            f"{tuple(variable.shape)}"
        )
    variable.assign(value)


def _read(checkpoint: Any) -> dict[str, np.ndarray]:
    if isinstance(checkpoint, Mapping):
        values = {name: np.asarray(value) for name, value in checkpoint.items()}
    else:
        path = os.fspath(checkpoint)
        path = (os.path.isdir(path) and tf.train.latest_checkpoint(path)) or path
        try:
            reader = tf.train.load_checkpoint(path)
            values = {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
        except (tf.errors.OpError, ValueError) as error:
            raise InputError(f"no TensorFlow checkpoint at {path}") from error
    return {_modern(name): value for name, value in values.items()}


def _modern(name: str) -> str:
    scope, _, last = name.rpartition("/")
    return _join(scope, {"weights": "kernel", "biases": "bias"}.get(last, last))


def _join(*parts: str) -> str:
    return "/".join(filter(None, parts))


def _ends_with(name: str, ending: str) -> bool:
    return not ending or name == ending or name.endswith("/" + ending)


def _starts_with(name: str, start: str) -> bool:
    return not start or name == start or name.startswith(start + "/")


def _stack_of(place: str) -> tuple:
    """The `cell_0` of every stack that a scope lies in."""
    parts = place.split("/")
    return tuple(part for part in parts if part.startswith("cell_") and part[5:].isdigit())
