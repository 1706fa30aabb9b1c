"""The `cell` setting of a layer, as a name or as objects, in its config."""

from typing import Any

import keras


def cell_to_config(cell: Any) -> Any:
    """Returns what stands for a cell's name, a cell object or a list of objects in a config."""
    if isinstance(cell, (list, tuple)):
        return [cell_to_config(one) for one in cell]
    return cell if isinstance(cell, str) else keras.saving.serialize_keras_object(cell)


def cell_from_config(config: Any) -> Any:
    """Undoes `cell_to_config`; every object is a new one."""
    if isinstance(config, (list, tuple)):
        return [cell_from_config(one) for one in config]
    return keras.saving.deserialize_keras_object(config) if isinstance(config, dict) else config


class CellInConfig:
    """A mixin for a layer whose config has the setting `cell`, written by `cell_to_config`."""

    @classmethod
    def from_config(cls, config):
        return super().from_config({**config, "cell": cell_from_config(config["cell"])})
