"""The model card that stands beside a saved model, written from what was measured."""

import dataclasses
from typing import Any

from recipes import datasets
from recipes.workbench.notes import DATA, MEASURED, TRIED, notes
from recipes.workbench.run import Run
from zoo.serving.saved_model_files import OP_LIBRARIES_FILE
from zoo.serving.text_ops import LIBRARY, needs_text_ops

_VERDICTS = {True: "right", False: "wrong", None: ""}


def card(run: Run, facts: dict[str, Any], name: str | None, picture: str | None = None) -> str:
    """Returns the card as Markdown.

    Args:
        run: The run that is exported.
        facts: What metrics.json of the saved model holds.
        name: name of the saved model; None where only the figures are kept.
        picture: The file beside the card that shows what the model attends to; None: there is none.
    """
    recipe, metrics, written = run.recipe, facts["metrics"], notes(run.recipe.name)
    parts = [
        f"# {recipe.name}: {recipe.title}",
        _usage(run, name),
        "## Result\n\n" + _results(run, metrics, written.get(MEASURED)),
        # Sentences of data that may not be passed on are not quoted either.
        *(["## Examples\n\n" + _examples(run)] if name else []),
        *(
            [f"## What it looks at\n\n![{recipe.example_for(run.settings)}]({picture})"]
            if picture
            else []
        ),
        "## Data and licence\n\n" + _data(run, written.get(DATA)),
        "## How it was made\n\n" + _making(run, facts),
        *([f"## {TRIED}\n\n{written[TRIED]}"] if TRIED in written else []),
    ]
    return "\n\n".join(parts) + "\n"


def _usage(run: Run, name: str | None) -> str:
    recipe = run.recipe
    topology = f"Topology: `{recipe.topology}`."
    if name is None:
        return (
            f"{topology}\n\nThe data's licence does not let a model that was trained on it be "
            f"passed on: here are its figures, and the command that makes it."
        )
    example = recipe.example_for(run.settings)
    bare = ""
    if any(map(_reads_by_text_ops, run.module.signatures.values())):
        bare = (
            f"\n\nIts graph reads text by ops of TF Text, as `{OP_LIBRARIES_FILE}` declares. "
            f"`zoo.load` and `zoo serve` load them, and TensorFlow Serving has them. A Python "
            f"process with TensorFlow alone needs `import {LIBRARY}` before it loads the model."
        )
    return (
        f"{topology}\n\n"
        f"```\nzoo predict {name} {example!r}\nzoo serve {name}\n```\n\n"
        f'```python\nimport zoo\n\nmodel = zoo.load("{name}")\n{recipe.in_python(example)}\n```'
        f"{bare}"
    )


def _reads_by_text_ops(function) -> bool:
    return needs_text_ops(function.get_concrete_function().graph.as_graph_def())


def _results(run: Run, metrics, how_measured: str | None) -> str:
    recipe = run.recipe
    rows = ["| split | metric | value |", "|---|---|---|"]
    for split in ("test", "validation"):
        for name, value in metrics.get(split, {}).items():
            if name != "seconds":
                rows.append(f"| {split} | {name} | {_shown(value)} |")
    plain = metrics.get("baselines", {})
    if plain:
        rows += ["", "Beside it, plain methods on the same examples:", ""]
        rows += ["| split | method | metric | value |", "|---|---|---|---|"]
        rows += [
            f"| {split} | {method} | {name} | {_shown(value)} |"
            for split in ("test", "validation")
            for method, values in plain.get(split, {}).items()
            for name, value in values.items()
        ]
    published = recipe.published_for(run.settings)
    if published:
        rows += ["", "Published for the same task:", ""]
        rows += ["| system | figure | split | source |", "|---|---|---|---|"]
        rows += [
            f"| {one.system} | {one.figure} | {one.split} | {one.source} |" for one in published
        ]
    return "\n".join([*rows, *(["", how_measured] if how_measured else [])])


def _shown(value) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _examples(run: Run) -> str:
    examples = run.examples("validation")
    shown = run.recipe.show(run.answers, examples, 200)
    if all(one.right for one in shown):
        # A mistake is worth a longer look.
        shown = run.recipe.show(run.answers, examples, len(examples))
    right = [one for one in shown if one.right]
    wrong = [one for one in shown if not one.right]
    chosen = [*right[: 3 - len(wrong[:1])], *wrong[:1]]
    chosen += [one for one in wrong[1:] if len(chosen) < 3][: 3 - len(chosen)]
    rows = ["From the validation data, not hand-picked: the first two right, the first wrong."]
    if all(one.right is None for one in shown):
        rows = ["From the validation data, not hand-picked."]
    elif not wrong:
        rows = ["The first of the validation data; none of its answers is wrong."]
    rows += ["", "| input | says | truth | |", "|---|---|---|---|"]
    for one in chosen:
        cells = (one.given, one.says, one.truth, _VERDICTS[one.right])
        rows.append("| " + " | ".join(map(_cell, cells)) + " |")
    return "\n".join(rows)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "<br>")


def _data(run: Run, how_made: str | None) -> str:
    if run.data is not None:
        return "Trained on a file that is not public; its licence is its owner's to state."
    parts = [how_made] if how_made else []
    for name in run.recipe.used_datasets(run.settings):
        dataset = datasets.get(name)
        parts += [
            f"{dataset.title} (`zoo data fetch {dataset.name}`). Licence: {dataset.licence}. "
            f"{dataset.homepage}",
            dataset.citation,
            dataset.notes,
        ]
    return "\n\n".join(part for part in parts if part)


def _making(run: Run, facts: dict[str, Any]) -> str:
    training, environment = facts["metrics"].get("training", {}), facts["environment"]
    defaults = dataclasses.asdict(run.recipe.settings)
    changed = {k: v for k, v in facts["settings"].items() if defaults.get(k) != v}
    command = " ".join(
        [
            f"zoo fit {run.recipe.name} --seed {run.seed}",
            *([f"--steps {run.steps}"] if run.steps else []),
            *(f"--set {name}={value}" for name, value in changed.items()),
        ]
    )
    minutes = training.get("seconds", 0) / 60
    rows = [
        f"```\n{command}\n```\n",
        f"- {training.get('steps', '?')} steps ({training.get('epochs', '?')} epochs), "
        f"{minutes:.0f} minutes, {run.model.count_params():,} weights",
        f"- device: {environment['device']}",
        f"- TensorFlow {environment['tensorflow']}, Keras {environment['keras']}, "
        f"Python {environment['python']}, rnn-zoo {environment['rnn_zoo']}, "
        f"commit {environment['commit']}",
        f"- seed {run.seed}",
        "- settings: " + ", ".join(f"{name}={value}" for name, value in facts["settings"].items()),
    ]
    return "\n".join(rows)
