"""What `zoo data list` and `zoo list datasets` show."""

from typing import Any

from recipes.datasets.fetching import is_present
from recipes.datasets.registry import get, names


def list_datasets(pattern: str = "*") -> list[dict[str, Any]]:
    """Returns a row a dataset: size, whether it is here, licence, citation."""
    rows = []
    for name in names(pattern):
        dataset = get(name)
        rows.append(
            {
                "name": name,
                "title": dataset.title,
                "megabytes": round(dataset.bytes / 1e6, 2),
                "files": len(dataset.files),
                "present": "yes" if is_present(name) else "no",
                "licence": dataset.licence,
                "citation": dataset.citation,
            }
        )
    return rows
