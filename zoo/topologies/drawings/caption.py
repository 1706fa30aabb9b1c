"""What stands below a drawing: the model's name and the settings that it shows."""


def caption(name: str, settings: dict) -> str:
    """Says in a line which model is drawn: name, cell, layers, directions.

    Example:

    >>> caption("n_to_n", {"cell": "gru", "num_layers": 2, "bidirectional": True})
    'n_to_n: cell gru, 2 layers, two directions'
    """
    parts = []
    if "cell" in settings:
        parts.append(f"cell {settings['cell']}")
    for key, what in (
        ("encoder_layers", "encoder"),
        ("decoder_layers", "decoder"),
        ("num_layers", ""),
    ):
        if key in settings:
            count = settings[key]
            parts.append(f"{count} {what} layer{'s' * (count != 1)}".replace("  ", " "))
    if settings.get("bidirectional"):
        parts.append("two directions")
    return f"{name}: {', '.join(parts)}" if parts else name
