"""The model card that stands beside a saved model, written from what was measured."""

import dataclasses
from typing import Any

from recipes import datasets
from recipes.run import Run


def card(run: Run, facts: dict[str, Any]) -> str:
    """Returns the card as Markdown.

    Args:
        run: The run that is exported.
        facts: What metrics.json of the saved model holds.
    """
    recipe, metrics = run.recipe, facts["metrics"]
    parts = [
        f"# {recipe.name}: {recipe.title}",
        _usage(recipe),
        "## Result\n\n" + _results(recipe, metrics),
        "## Examples\n\n" + _examples(run),
        "## Data and licence\n\n" + _data(run),
        "## How it was made\n\n" + _making(run, facts),
        "## What was tried\n\n" + recipe.tried,
    ]
    return "\n\n".join(parts) + "\n"


def _usage(recipe) -> str:
    example = recipe.example
    return (
        f"Topology: `{recipe.topology}`.\n\n"
        f"```\nzoo predict {recipe.name} {example!r}\nzoo serve {recipe.name}\n```\n\n"
        f'```python\nimport zoo\n\nzoo.load("{recipe.name}")(["{example}"])\n```'
    )


def _results(recipe, metrics) -> str:
    rows = ["| split | metric | value |", "|---|---|---|"]
    for split in ("test", "validation"):
        for name, value in metrics.get(split, {}).items():
            if name != "seconds":
                shown = f"{value:.4f}" if isinstance(value, float) else value
                rows.append(f"| {split} | {name} | {shown} |")
    rows += ["", "Published for the same task and split:", ""]
    rows += ["| system | figure | source |", "|---|---|---|"]
    rows += [f"| {system} | {figure} | {source} |" for system, figure, source in recipe.published]
    return "\n".join([*rows, "", recipe.how_measured])


def _examples(run: Run) -> str:
    pairs = run.recipe.samples(run.examples("validation"), 200)
    answer = run.answers(**{run.recipe.input_name: [given for given, _ in pairs]})
    said = run.recipe.says(answer)
    right = [i for i, (_, truth) in enumerate(pairs) if said[i] in truth.split(" / ")]
    wrong = [i for i in range(len(pairs)) if i not in right]
    rows = ["From the validation data, not hand-picked: the first two right, the first wrong."]
    rows += ["", "| input | says | truth |", "|---|---|---|"]
    rows += [f"| {pairs[i][0]} | {said[i]} | {pairs[i][1]} |" for i in right[:2] + wrong[:1]]
    return "\n".join(rows)


def _data(run: Run) -> str:
    if run.data is not None:
        return "Trained on a file that is not public; its licence is its owner's to state."
    dataset = datasets.get(run.settings.dataset)
    return (
        f"{dataset.title} (`zoo data fetch {dataset.name}`). Licence: {dataset.licence}. "
        f"{dataset.homepage}\n\n{dataset.citation}\n\n{dataset.notes}".strip()
    )


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
