"""Cell objects for the parts of a model that has several places for them."""

from typing import Any

from zoo.errors import InputError


def share_out(cell: Any, **places: int) -> dict[str, Any]:
    """Parts a builder's `cell` among its recurrences.

    A name does for every place. An object has weights, and does for one: a list holds an object of
    its own for each layer and direction, layer by layer, forward before backward.

    Args:
        cell: A registered name, a cell object, or a list of cell objects.
        **places: How many cells each part needs, by the part's name, in the order of the list.

    Returns:
        The part's name, object or objects, by part.

    Raises:
        InputError: For another number of objects, or one object at two places.

    Example:

    >>> share_out("lstm", encoder=2, decoder=1)
    {'encoder': 'lstm', 'decoder': 'lstm'}
    """
    if isinstance(cell, str):
        return dict.fromkeys(places, cell)
    cells = list(cell) if isinstance(cell, (list, tuple)) else [cell]
    total = sum(places.values())
    distinct = len({id(one) for one in cells})
    if len(cells) != total or distinct != total:
        wanted = ", ".join(f"{part} {count}" for part, count in places.items())
        raise InputError(
            f"cell: this model has {total} places for a cell object ({wanted}, in this order); got "
            f"{len(cells)}, of which {distinct} distinct: make a new cell for each place, or give "
            "a name"
        )
    rest = iter(cells)
    return {part: [next(rest) for _ in range(count)] for part, count in places.items()}
