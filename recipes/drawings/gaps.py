"""A picture of the likeliest words for each gap of a sentence."""


def draw_gaps(figure, given: str, answer) -> None:
    """Draws a panel a gap, with a bar for each of its likeliest words.

    Args:
        figure: Where to draw.
        given: The text with its gaps.
        answer: answer of a gap filler, for one row.
    """
    count = int(answer["gaps"][0])
    panels = figure.subplots(1, count, squeeze=False)[0]
    for axes, words, scores in zip(panels, answer["words"][0], answer["scores"][0], strict=False):
        names = [word.decode() for word in words]
        axes.barh(range(len(names)), scores, color="tab:gray")
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.set_xlabel("probability")
    figure.suptitle(given)
