"""What the saved models say to their recipes' warm-up requests, kept to compare with later.

python tests/saved_models/kept_answers.py       # writes kept_answers.json beside this file
"""

import json
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_suffix(".json")
# Numbers of an output that are kept: enough to see a difference, few enough to read.
MOST = 40


def requests(recipe) -> dict:
    """Returns what a model is asked: a recipe's warm-up request, of padded columns for series."""
    asked = dict(recipe.warmup())
    return asked.get("padded", asked["serving_default"])


def kept(answer: dict) -> dict:
    """Returns the outputs as JSON holds them: text, and the first numbers of each output."""
    found = {}
    for name, values in sorted(answer.items()):
        values = np.asarray(values)
        if values.dtype == object:
            # Bytes that are no text, a sound file, are numbers in another output too.
            if not name.startswith("wav"):
                texts = values.ravel()[:MOST]
                found[name] = [text.decode(errors="replace") for text in texts]
        else:
            numbers = values.ravel()[:MOST].astype("float64")
            found[name] = [None if np.isnan(x) else float(f"{x:.5g}") for x in numbers]
    return found


def main() -> None:
    import zoo
    from recipes.catalog import REGISTRY
    from zoo.references import saved_models

    answers = {}
    for name in saved_models.names():
        facts = json.loads((saved_models.find(name).parent / "metrics.json").read_text())
        answers[name] = kept(zoo.load(name)(**requests(REGISTRY.get(facts["recipe"]))))
    text = json.dumps(answers, ensure_ascii=False, indent=1, sort_keys=True)
    FILE.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
