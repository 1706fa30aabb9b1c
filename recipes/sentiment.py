"""Sentiment of a sentence, by a bidirectional recurrence with attention, N to 1."""

import dataclasses

import zoo
from recipes import datasets
from recipes.datasets.labelled_lines import LABELS, read_labelled
from recipes.datasets.stratifying import stratified
from recipes.families.text_to_label import (
    LabelSettings,
    TextToLabelRecipe,
    label_cross_entropy,
    measures_in_training,
    own_texts,
    ranked_labels,
)
from recipes.metrics.classification import ranked_label_measures
from recipes.recipe import Published, register
from zoo.tuning import Parameter


@dataclasses.dataclass(frozen=True)
class Settings(LabelSettings):
    """Settings of sentiment, with the reason beside each value."""

    # "mr-polarity", whose licence lets a model be passed on, or "sst2", which papers report on.
    dataset: str = "mr-polarity"
    units: int = 128
    embedding_dim: int = 128
    # Both: the training sentences are known by heart after five epochs, whatever is dropped.
    dropout: float = 0.5
    word_dropout: float = 0.2
    batch_size: int = 64
    # The validation loss is at its lowest after the second; the rate is zero at the end.
    epochs: float = 4.0
    learning_rate: float = 1e-3
    # The public data is learned in little more.
    least_steps: int = 400


@register
class Sentiment(TextToLabelRecipe):
    name = "sentiment"
    title = "Sentiment of a sentence: positive or negative"
    topology = "n_to_one"
    datasets = ("mr-polarity", "sst2")
    metric = "accuracy"
    lower_is_better = False
    published = (
        Published(
            "convolution, no outside word vectors",
            "75.9 %",
            "mr-polarity",
            "ten-fold",
            "harvardnlp/sent-conv-torch README",
        ),
        Published(
            "convolution, outside word vectors",
            "81.3 %",
            "mr-polarity",
            "ten-fold",
            "harvardnlp/sent-conv-torch README",
        ),
        Published(
            "convolution, no outside word vectors, trained on phrases",
            "83.5 %",
            "sst2",
            "test",
            "harvardnlp/sent-conv-torch README",
        ),
        Published(
            "convolution, outside word vectors, trained on phrases",
            "87.0 %",
            "sst2",
            "test",
            "harvardnlp/sent-conv-torch README",
        ),
        Published(
            "LSTM, outside word vectors",
            "88.57 % ± 0.44",
            "sst2",
            "test",
            "mead-baseline docs/classify.md",
        ),
        Published(
            "bidirectional LSTM with attention, no outside word vectors, trained on 67,000 phrases",
            "85.21 %",
            "sst2",
            "validation, 872 sentences",
            "flax examples/sst2 README, 18f8f31",
        ),
    )
    example = "A quiet, moving film that never puts a foot wrong."
    settings = Settings()
    search_space = (
        Parameter("units", choices=(64, 128, 256)),
        Parameter("dropout", low=0.2, high=0.7),
        Parameter("word_dropout", low=0.0, high=0.4),
        Parameter("learning_rate", low=3e-4, high=5e-3, log=True),
        Parameter("pooling", choices=("attention", "max", "last")),
    )

    # Data ------------------------------------------------------------------------------------

    def read(self, settings, data, split):
        if data is not None:
            return own_texts(data, settings, split)
        if settings.dataset == "sst2":
            part = {"train": "train", "validation": "dev", "test": "test"}[split]
            name = f"stsa.binary.{part}"
            return _read("sst2", name)
        shares = {"validation": settings.validation_share, "test": settings.test_share}
        return stratified(_read("mr-polarity", "rt-polarity.all"), split, shares)

    # Model, loss and signatures --------------------------------------------------------------

    def build(self, settings, assets):
        return self.built(
            settings,
            num_classes=len(assets.labels),
            vocabulary_size=len(assets.vocabulary),
            word_vectors=assets.vectors,
            embedding_dim=assets.width or settings.embedding_dim,
        )

    def objective(self, settings):
        loss = label_cross_entropy(settings.label_smoothing)
        return {"loss": {"logits": loss}, "metrics": {"logits": measures_in_training()}}

    def module(self, settings, assets, model):
        return zoo.signatures.TextToLabel(
            model,
            assets.vocabulary,
            assets.front,
            list(assets.labels),
            max_length=assets.max_length,
        )

    # Metric ----------------------------------------------------------------------------------

    def measure(self, settings, answers, examples):
        return ranked_label_measures(
            [label for _, label in examples], ranked_labels(answers, examples)
        )


def _read(dataset: str, name: str) -> list[tuple[str, str]]:
    path = datasets.fetch(dataset, [name])[name]
    return [(text, LABELS[dataset][label]) for label, text in read_labelled(path, dataset)]
