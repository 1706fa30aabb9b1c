"""What was written down about a recipe: recipes/notes/<recipe>.md, section by section."""

import re
from importlib.resources import files

MEASURED, DATA, TRIED = "How it is measured", "The data", "What was tried"


def notes(name: str) -> dict[str, str]:
    """Returns the notes on a recipe as Markdown: the text of each section, by its heading.

    Args:
        name: name of the recipe. One without a file of notes has no section.
    """
    file = files("recipes") / "notes" / f"{name}.md"
    if not file.is_file():
        return {}
    parts = re.split(r"^## (.*)\n", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {heading: text.strip() for heading, text in zip(parts[1::2], parts[2::2], strict=True)}
