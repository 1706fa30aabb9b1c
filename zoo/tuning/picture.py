"""A picture of what mattered: every trial as a line through its values and its score."""

from collections.abc import Sequence
from pathlib import Path

from zoo.errors import InputError
from zoo.tuning.parameter import Parameter
from zoo.tuning.plan import Plan
from zoo.tuning.report import ranked
from zoo.tuning.trial import Outcome


def draw(outcomes: Sequence[Outcome], plan: Plan, path: Path) -> None:
    """Draws the trials that have a score in parallel coordinates (Inselberg 1985) as a PNG.

    An axis a parameter and one for the score; a line a trial, the darker the better; the best one
    in orange. Where the dark lines meet on an axis, the parameter mattered; where they are all
    over it, it did not.

    Args:
        outcomes: The trials.
        plan: plan of the search.
        path: path of the picture.

    Raises:
        InputError: matplotlib is missing, or no trial has a score.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise InputError("the picture needs matplotlib: pip install rnn-zoo[plot]") from None
    scored = ranked(outcomes, plan)
    if not scored:
        raise InputError("no trial has a score yet, so there is nothing to draw")
    figure = Figure(figsize=(2 + 1.6 * len(plan.space), 4.5))
    axes = figure.subplots()
    scores = [outcome.score for outcome in scored]
    # The best on top, whichever way the score goes.
    worst, span = scores[-1], scores[0] - scores[-1]
    places = range(len(plan.space) + 1)
    for rank in reversed(range(len(scored))):
        outcome = scored[rank]
        heights = [parameter.place(outcome.values[parameter.name]) for parameter in plan.space]
        heights.append((outcome.score - worst) / span if span else 1.0)
        grey = 0.15 + 0.7 * rank / max(1, len(scored) - 1)
        style = {"color": "tab:orange", "linewidth": 2.5} if rank == 0 else {"color": str(grey)}
        axes.plot(places, heights, zorder=-rank, **style)
    for place in places:
        axes.axvline(place, color="black", linewidth=0.8)
    for place, parameter in enumerate(plan.space):
        for height, text in _ticks(parameter):
            _label(axes, place, height, text)
    for height, score in ((1.0, scores[0]), (0.0, worst)):
        _label(axes, places[-1], height, f"{score:.5g}")
    measure = scored[0].notes.get("measure", "score")
    axes.set_xticks(places, [*(p.name for p in plan.space), measure], rotation=20, ha="right")
    axes.set_yticks([])
    axes.set_xlim(-0.1, len(plan.space) + 0.5)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_title(f"{len(scored)} trials; dark is good, orange is best", fontsize=10)
    partial = path.with_name(f"partial.{path.name}")
    figure.savefig(partial, dpi=150, bbox_inches="tight")
    partial.replace(path)


def _label(axes, place: float, height: float, text: str) -> None:
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.8}
    axes.text(place + 0.05, height, text, fontsize=8, va="center", bbox=box, zorder=3)


def _ticks(parameter: Parameter) -> list[tuple[float, str]]:
    if parameter.choices:
        return [
            (parameter.place(choice), "none" if choice is None else str(choice))
            for choice in parameter.choices
        ]
    values = [parameter.low, parameter.high]
    if parameter.log:
        values.append(parameter.rounded((parameter.low * parameter.high) ** 0.5))
    else:
        values.append(parameter.rounded((parameter.low + parameter.high) / 2))
    return [(parameter.place(value), f"{value:g}") for value in values]
