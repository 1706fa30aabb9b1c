"""A picture of how probable each tag is for each word."""

import numpy as np


def draw_tags(figure, tokens: np.ndarray, tags: np.ndarray, answer) -> None:
    """Draws a row a tag, a column a word; what was chosen is framed.

    Args:
        figure: Where to draw.
        tokens, tags: bytes [N], of one sentence.
        answer: answer of a tagger, with `alternatives` and `alternative_scores` [1, N, A]: a tag
            that is not among a word's likeliest is drawn as improbable.
    """
    words = [token.decode(errors="replace") for token in tokens]
    names, scores = (answer[key][0, : len(words)] for key in ("alternatives", "alternative_scores"))
    # Those that count for some word, in the order in which they first do.
    kept = [tag for tag in dict.fromkeys(tags.tolist())]
    kept += sorted({tag for tag in names[scores > 0.01].tolist()} - set(kept))
    grid = np.zeros([len(kept), len(words)])
    for place in range(len(words)):
        for name, score in zip(names[place], scores[place], strict=True):
            if name in kept:
                grid[kept.index(name), place] = score
    axes = figure.subplots()
    image = axes.imshow(grid, cmap="Greys", vmin=0, vmax=1, aspect="auto")
    for place, tag in enumerate(tags.tolist()):
        corner = (place - 0.5, kept.index(tag) - 0.5)
        axes.add_patch(_frame(corner))
    axes.set_xticks(range(len(words)), words, rotation=60, ha="right")
    axes.set_yticks(range(len(kept)), [tag.decode() for tag in kept])
    figure.colorbar(image, label="probability", shrink=0.8)


def _frame(corner):
    from matplotlib.patches import Rectangle

    return Rectangle(corner, 1, 1, fill=False, edgecolor="tab:red", linewidth=1.2)
