"""A run folder from a saved model, so that its weights are measured or exported anew.

    python -m recipes.workbench.restoring SAVED_MODEL RUN_DIR
    zoo evaluate RUN_DIR
    zoo export RUN_DIR

The weights and the settings are the saved model's. What was learned from the training data beside
them (labels, lengths) is read from that data again; vocabularies are those of the model's graph, in
case the data is read in another way today.
"""

import argparse
import dataclasses
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from recipes.families.text_to_text import PairAssets
from recipes.recipe import Assets
from recipes.settings import replace
from recipes.workbench.opening import SavedRecipe
from recipes.workbench.run import Run
from zoo.errors import InputError
from zoo.references import saved_models
from zoo.serving.saved_model_files import all_nodes, read_meta_graph
from zoo.text import SPECIAL, Normalizer, Vocabulary
from zoo.training.run_folder import RunFolder

# Of the tokens that training would find today, the share that makes a vocabulary the same one.
SAME_FROM = 0.7


def restore(name: str, run_dir: Path) -> Run:
    """Makes the run folder of a saved model that a recipe made.

    Args:
        name: Name or path of the saved model.
        run_dir: New or empty.

    Returns:
        The run, as if it had just been trained; metrics.json holds what was measured.

    Raises:
        InputError: the saved model is of no recipe or has no model.keras, its data cannot be had,
            or the folder is taken.
    """
    path = saved_models.find(name)
    saved = SavedRecipe(path)
    weights = path.parent / "model.keras"
    if saved.recipe is None or not weights.is_file():
        raise InputError(f"{path.parent}: expected a metrics.json of a recipe, and a model.keras")
    facts = saved.facts
    settings = replace(saved.recipe.settings, facts["settings"])
    data = Path(facts["data"]) if facts.get("data") else None
    run = Run(RunFolder(run_dir), saved.recipe, settings, facts["seed"], data)
    run.steps = facts.get("steps")
    _, assets = saved.recipe.prepared(settings, data)
    assets = with_vocabularies(assets, list(vocabularies(path)))
    if isinstance(assets, PairAssets):
        read = as_read(assets.source, assets.cut_source.normalizer)
        assets = dataclasses.replace(assets, source=read)
    run.folder.create(run.description())
    # With what it was trained, and not with what it is restored.
    trained = {key: facts[key] for key in ("environment", "averaged") if key in facts}
    run.folder.write_json("run.json", {**run.description(), **trained})
    assets.save(run.folder.assets)
    shutil.copyfile(weights, run.folder.model)
    run.folder.write_json("metrics.json", facts["metrics"])
    return run


def vocabularies(path: Path) -> Iterator[Vocabulary]:
    """Yields the vocabularies that are constants of a SavedModel's graph, each once."""
    import tensorflow as tf

    seen = set()
    for _, node in all_nodes(read_meta_graph(path).graph_def):
        if node.op != "Const" or node.attr["dtype"].type != tf.string.as_datatype_enum:
            continue
        values = tuple(tf.make_ndarray(node.attr["value"].tensor).ravel().tolist())
        if values[: len(SPECIAL)] == tuple(token.encode() for token in SPECIAL):
            if values not in seen:
                yield Vocabulary([value.decode() for value in values[len(SPECIAL) :]])
            seen.add(values)


def with_vocabularies(assets: Assets, found: Sequence[Vocabulary]) -> Assets:
    """Returns assets with each vocabulary replaced by the one of `found` that it is like.

    Raises:
        InputError: none of them is like it.
    """
    changes = {}
    for field in dataclasses.fields(assets):
        now = getattr(assets, field.name)
        if isinstance(now, Vocabulary):
            best = max(found, key=lambda one, now=now: _likeness(one, now), default=None)
            if best is None or _likeness(best, now) < SAME_FROM:
                raise InputError(f"the graph has no vocabulary like {field.name}, train it anew")
            changes[field.name] = best
    return dataclasses.replace(assets, **changes)


def as_read(vocabulary: Vocabulary, normalizer: Normalizer) -> Vocabulary:
    """Returns a vocabulary whose entries have the names under which a normalizer lets them be read.

    A model that learned from full-width question marks is asked with plain ones once its front
    says NFKC. Where both have an entry, they change names, and the commoner one is read.
    """
    tokens = list(vocabulary.tokens[len(SPECIAL) :])
    place = {token: number for number, token in enumerate(tokens)}
    for number, name in enumerate(normalizer.normalize_all(tokens)):
        token = tokens[number]
        # What becomes more signs than one, or a space, is other pieces and no other name.
        if name == token or len(name) != len(token) or name != "".join(name.split()):
            continue
        other = place.get(name)
        if other is not None and other < number:
            continue
        tokens[number], place[name] = name, number
        if other is not None:
            tokens[other], place[token] = token, other
    return Vocabulary(tokens)


def _likeness(one: Vocabulary, other: Vocabulary) -> float:
    both = len(set(one.tokens) & set(other.tokens))
    return both / max(len(one), len(other))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m recipes.workbench.restoring", description=__doc__.splitlines()[0]
    )
    parser.add_argument("saved_model", metavar="SAVED_MODEL")
    parser.add_argument("run_dir", metavar="RUN_DIR", type=Path)
    given = parser.parse_args(arguments)
    restore(given.saved_model, given.run_dir)
    print(given.run_dir)


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"restoring: {error}")
