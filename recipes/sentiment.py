"""Sentiment of a sentence, by a bidirectional recurrence with attention, N to 1."""

import dataclasses

from recipes import datasets
from recipes.datasets.labelled_lines import LABELS, read_labelled
from recipes.recipe import register
from recipes.stratifying import stratified
from recipes.text_to_label import LabelSettings, TextToLabelRecipe
from zoo.tuning import Parameter


@dataclasses.dataclass(frozen=True)
class Settings(LabelSettings):
    """Settings of sentiment, with the reason beside each value."""

    # "mr-polarity", whose licence lets a model be passed on, or "sst2", which papers report on.
    dataset: str = "mr-polarity"
    batch_size: int = 64
    epochs: float = 10.0


@register
class Sentiment(TextToLabelRecipe):
    name = "sentiment"
    title = "Sentiment of a sentence: positive or negative"
    datasets = ("mr-polarity", "sst2")
    metric = "accuracy"
    published = ()
    how_measured = ""
    tried = ""
    example = "A quiet, moving film that never puts a foot wrong."
    settings = Settings()
    search_space = (
        Parameter("units", choices=(64, 128, 256)),
        Parameter("dropout", low=0.2, high=0.7),
        Parameter("word_dropout", low=0.0, high=0.4),
        Parameter("learning_rate", low=3e-4, high=5e-3, log=True),
        Parameter("pooling", choices=("attention", "max", "last")),
    )

    def read_public(self, settings, split):
        if settings.dataset == "sst2":
            part = {"train": "train", "validation": "dev", "test": "test"}[split]
            name = f"stsa.binary.{part}"
            return _read("sst2", name)
        shares = {"validation": settings.validation_share, "test": settings.test_share}
        return stratified(_read("mr-polarity", "rt-polarity.all"), split, shares)


def _read(dataset: str, name: str) -> list[tuple[str, str]]:
    path = datasets.fetch(dataset, [name])[name]
    return [(text, LABELS[dataset][label]) for label, text in read_labelled(path, dataset)]
