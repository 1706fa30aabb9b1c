"""The results table of saved_models/README.md, written from the metrics files.

python -m recipes.workbench.results [saved_models]
"""

import sys
from pathlib import Path

from recipes.catalog import REGISTRY
from recipes.settings import replace
from zoo.files import read_json, write_atomically
from zoo.references.versions import list_versions

HEAD = """# Saved models

Written by `python -m recipes.workbench.results` from each model's `metrics.json`; the card in
each folder says how it was made and shows what it gets wrong. Each folder is what TensorFlow
Serving takes as a model's base path.

"""


def table(base: Path) -> str:
    """Returns the Markdown table of all saved models in a folder."""
    rows = [
        "| model | topology | data | metric on test | ours | plain method | published | minutes | "
        "device | seed |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for folder in sorted(path for path in base.iterdir() if (path / "metrics.json").is_file()):
        facts = read_json(folder / "metrics.json")
        recipe, metrics = REGISTRY.get(facts["recipe"]), facts["metrics"]
        settings = replace(recipe.settings, facts["settings"])
        minutes = metrics.get("training", {}).get("seconds", 0) / 60
        cells = [
            f"[{folder.name}]({folder.name}/README.md)"
            + ("" if list_versions(folder) else " (figures only)"),
            recipe.topology,
            ", ".join(recipe.used_datasets(settings)) or "made by the recipe",
            recipe.metric.replace("_", " "),
            f"{metrics['test'][recipe.metric]:.4f}",
            "; ".join(
                f"{method} {values[recipe.metric]:.4f}"
                for method, values in metrics.get("baselines", {}).get("test", {}).items()
                if recipe.metric in values
            ),
            "; ".join(f"{one.system} {one.figure}" for one in recipe.published_for(settings)),
            f"{minutes:.0f}",
            facts["environment"]["device"],
            str(facts["seed"]),
        ]
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def main() -> None:
    base = Path(sys.argv[1] if len(sys.argv) > 1 else "saved_models")
    write_atomically(base / "README.md", HEAD + table(base))


if __name__ == "__main__":
    main()
