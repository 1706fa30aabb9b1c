"""Fits recipes, each on a little of its data, by one device and by two; prints the histories.

A program and no test: devices are chosen before TensorFlow computes anything.

    python replicas_of_recipes.py FOLDER RECIPE ...
"""

import dataclasses
import functools
import json
import os
import sys

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import keras

import recipes
from zoo import training
from zoo.errors import InputError

ROWS = {"train": 48, "validation": 20, "test": 0}
# Two rounds; a batch that cannot be cut in two equal parts.
SMALL = {"batch_size": 9, "round_steps": 2, "warmup_steps": 0, "units": 8, "embedding_dim": 6}
# Random numbers, which replicas draw for themselves, and what moves the data at random.
STILL = ("dropout", "shift", "rotation", "stretch", "zoneout", "noise", "jitter")


def a_little_of(recipe):
    """Lets a recipe read a few rows of its data."""
    read = functools.cache(recipe.read)

    def few(settings, data, split):
        # Rows of the training split, and of them for validation: no label is new there.
        rows = read(settings, data, "train")
        return rows[:: max(1, len(rows) // ROWS["train"])][: ROWS[split]]

    recipe.read = few
    found = {}
    for field in dataclasses.fields(recipe.settings):
        if field.name in SMALL:
            found[field.name] = SMALL[field.name]
        elif any(word in field.name for word in STILL):
            found[field.name] = type(getattr(recipe.settings, field.name))(0)
    return found


def histories(name, folder, strategy):
    """Returns the history of one device, and of two; or why the recipe is refused by two."""
    chosen = recipes.get(name)
    settings = a_little_of(chosen.recipe)
    found = []
    for distribution in (training.Distribution(None), training.Distribution(strategy)):
        keras.backend.clear_session()
        keras.utils.set_random_seed(0)
        where = f"{folder}/{name}-{distribution.replicas}"
        with distribution.scope():
            try:
                run = chosen.fit(where, steps=4, **settings)
            except InputError as error:
                found.append(str(error))
                continue
        rows = run.folder.read_history()
        found.append([{k: v for k, v in row.items() if k != "seconds"} for row in rows])
    return found


def main(folder, *names):
    strategy = training.place(2)
    for name in names:
        print(json.dumps({name: histories(name, folder, strategy)}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
