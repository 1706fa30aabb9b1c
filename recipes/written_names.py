"""Names of a nationality, letter by letter: 1 to N."""

import dataclasses
from collections import Counter

import numpy as np

import zoo
from recipes import datasets
from recipes.baselines.bag_of_ngrams import plain_answers
from recipes.baselines.ngrams import NGrams
from recipes.datasets.name_lists import read_by_nationality
from recipes.datasets.splitting import held_out
from recipes.datasets.table import read_table
from recipes.families.label_to_text import LabelToTextRecipe, LabelToTextSettings
from recipes.recipe import Shown, register


@dataclasses.dataclass(frozen=True)
class Settings(LabelToTextSettings):
    """Settings of names, with the reason beside each value."""

    dataset: str = "names-by-nationality"
    validation_names: int = 2000
    test_names: int = 2000
    # 15,000 names are few: without it the network knows them by heart after ten epochs.
    dropout: float = 0.4
    batch_size: int = 64
    epochs: float = 25.0
    learning_rate: float = 2e-3
    warmup_steps: int = 200
    clip_norm: float = 2.0
    ema_momentum: float | None = 0.995
    # Names drawn for each nationality to measure what is written.
    drawn_names: int = 100


@register
class Names(LabelToTextRecipe):
    name = "names"
    title = "Names that sound like a nationality, letter by letter"
    datasets = ("names-by-nationality",)
    metric = "nats_per_character"
    lower_is_better = True
    own_data = "a UTF-8 text file, name<TAB>label a line; a name may have several labels"
    example = "Italian"
    settings = Settings()

    def read(self, settings, data, split):
        if data is None:
            pairs = read_by_nationality(datasets.fetch(settings.dataset).values())
        else:
            pairs = read_table(data, ("name", "label"))
        names, labels_of = (
            zoo.text.Normalizer("NFC").normalize_all(side) for side in zip(*pairs, strict=True)
        )
        grouped: dict[str, list[str]] = {}
        for name, label in zip(names, labels_of, strict=True):
            labels = grouped.setdefault(name, [])
            if label not in labels:
                labels.append(label)
        sizes = {"validation": settings.validation_names, "test": settings.test_names}
        # By name: one that is at home in two places is not in two splits.
        found = held_out(list(grouped.items()), split, sizes, "names")
        return [(name, label) for name, labels in found for label in labels]

    def build(self, settings, assets):
        return self.built(
            settings,
            num_features=len(assets.labels),
            vocabulary_size=len(assets.vocabulary),
        )

    def objective(self, settings):
        loss = zoo.training.token_cross_entropy(settings.label_smoothing)
        return {"loss": {"logits": loss}, "metrics": {"logits": [zoo.training.TokenNats()]}}

    def measure(self, settings, answers, examples):
        nats, tokens = self.nats(answers, examples)
        return {"names": len(examples), "nats_per_character": nats / tokens}

    def measure_against(self, settings, answers, train, examples):
        labels = sorted({label for _, label in train})
        wanted = [label for label in labels for _ in range(settings.drawn_names)]
        drawn = self.says(answers(**self.inputs(wanted)))
        names, known = zip(*train, strict=True)
        true_names, true_labels = zip(*examples, strict=True)
        said = plain_answers(names, known, [*drawn, *true_names], 3, balanced=True)
        (judged,) = (row for name, row in said.items() if "SVM" in name)
        right = [a == b for a, b in zip(judged, wanted, strict=False)]
        by_label = Counter(true_labels)
        true_right = [
            (judged[len(drawn) + row] == label) / by_label[label]
            for row, label in enumerate(true_labels)
        ]
        training_names = set(names)
        return {
            "recognised": float(np.mean(right)),
            "recognised_true_names": float(np.sum(true_right) / len(by_label)),
            "new": float(np.mean([name not in training_names for name in drawn])),
            "different": len(set(zip(wanted, drawn, strict=True))) / len(drawn),
        }

    def baselines(self, settings, train, examples):
        # The end of a name is a letter of its own.
        known, asked = ([f"{name}\x03" for name, _ in rows] for rows in (train, examples))
        letters = sum(map(len, asked))
        return {
            f"{order}-gram of letters, whatever the nationality": {
                "nats_per_character": sum(map(NGrams(known, order).nats, asked)) / letters
            }
            for order in (1, 3, 5)
        }

    def show(self, answers, examples, count):
        labels = sorted({label for _, label in examples})[:count]
        said = self.says(answers(**self.inputs(labels)))
        rows = []
        for label, name in zip(labels, said, strict=True):
            # Whether the model itself finds the name likeliest for the nationality asked for.
            nats = answers("score", label=labels, text=[name] * len(labels))["nats"]
            likeliest = labels[int(np.argmin(nats))]
            true_names = [other for other, of in examples if of == label][:3]
            truth = f"true ones: {', '.join(true_names)}"
            if likeliest != label:
                truth += f" (by its own figures rather {likeliest})"
            rows.append(Shown(label, name, truth, likeliest == label))
        return rows

    def draw(self, figure, given, answer):
        axes = figure.subplots()
        axes.set_axis_off()
        axes.text(0.5, 0.6, self.says(answer)[0], ha="center", va="center", size=32)
        axes.text(0.5, 0.35, f"{given}, log-probability {answer['score'][0]:.2f}", ha="center")
