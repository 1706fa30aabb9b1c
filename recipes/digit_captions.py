"""What a strip of handwritten digits says, in English words: 1 to N from a picture."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

import zoo
from recipes import datasets
from recipes.datasets.arrays import read_arrays
from recipes.datasets.digit_strips import HEIGHT, WIDTH, Captioned, digit_strips
from recipes.datasets.mnist import read_images
from recipes.datasets.pictures import Labelled
from recipes.datasets.splitting import held_out
from recipes.families.image_to_label import EncodedPicture, encoded_picture
from recipes.metrics.answers import answered
from recipes.recipe import Assets, Recipe, Shown, TrainingSettings, register
from zoo.deferred import tf
from zoo.errors import InputError
from zoo.tuning import Parameter


# NFC: what is written keeps its signs.
def _front() -> zoo.text.TextFront:
    """Returns what a text goes through."""
    return zoo.text.TextFront(zoo.text.Normalizer("NFC"), zoo.text.tokenizers.get("words"))


SEEDS = {"train": 1, "validation": 2, "test": 3}


@dataclasses.dataclass(frozen=True)
class Settings(TrainingSettings):
    """Settings of digit_captions, with the reason beside each value."""

    train_strips: int = 60_000
    validation_strips: int = 2_000
    test_strips: int = 5_000
    # Of the 60,000 training digits, the last are kept for the validation strips.
    validation_pictures: int = 5_000
    # Three convolutions, each followed by a maximum over 2 x 2.
    first_filters: int = 16
    second_filters: int = 32
    third_filters: int = 48
    # Read in order, a strip of five digits at uneven places is told; all at once, it is not.
    column_cell: str | None = "lstm"
    units: int = 192
    embedding_dim: int = 32
    cell: str = "lstm"
    num_layers: int = 1
    # What Vinyals et al. do, "first_step", forgets the last digits of a long strip more often.
    injection: str = "every_step"
    dropout: float = 0.1
    batch_size: int = 128
    # For the first four it only learns which words there are, then soon where to look for them.
    epochs: float = 24.0
    learning_rate: float = 2e-3
    warmup_steps: int = 200
    clip_norm: float = 2.0
    ema_momentum: float | None = 0.995
    max_length: int = 10


@dataclasses.dataclass(frozen=True)
class CaptionAssets(Assets):
    """The words of the captions."""

    words: zoo.text.Vocabulary

    def save(self, folder: Path) -> None:
        self.words.save(folder / "words.txt")

    @classmethod
    def load(cls, folder: Path) -> CaptionAssets:
        return cls(zoo.text.Vocabulary.load(folder / "words.txt"))


@register
class DigitCaptions(Recipe):
    name = "digit_captions"
    title = "A strip of handwritten digits in English words"
    topology = "captioning"
    datasets = ("mnist",)
    metric = "exact_match"
    lower_is_better = False
    own_data = (
        f"an .npz file with images (uint8 [count, {HEIGHT}, {WIDTH}], 0 for the background) and "
        "captions (text [count])"
    )
    example = "strip.png"
    settings = Settings()
    assets = CaptionAssets
    input_name = "image_bytes"
    search_space = (
        Parameter("units", choices=(128, 192, 256)),
        Parameter("injection", choices=("first_step", "every_step", "initial_state")),
        Parameter("dropout", low=0.0, high=0.5),
        Parameter("learning_rate", low=5e-4, high=4e-3, log=True),
    )

    # Data ----------------------------------------------------------------------------------

    def read(self, settings, data, split):
        if data is not None:
            examples = _own(data)
            tenth = max(1, len(examples) // 10)
            return held_out(examples, split, {"validation": tenth, "test": tenth}, "pictures")
        part = "t10k" if split == "test" else "train"
        names = [f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"]
        found = datasets.fetch("mnist", names)
        pictures, labels = read_images(*(found[name] for name in names))
        cut = len(pictures) - settings.validation_pictures
        kept = {"train": slice(0, cut), "validation": slice(cut, None), "test": slice(None)}[split]
        digits = [Labelled(p, str(k)) for p, k in zip(pictures[kept], labels[kept], strict=True)]
        return digit_strips(digits, getattr(settings, f"{split}_strips"), SEEDS[split])

    def prepare(self, settings, examples):
        return CaptionAssets(
            zoo.text.Vocabulary.build(_front().split_texts([one.caption for one in examples]))
        )

    # Model and objective -------------------------------------------------------------------

    def build(self, settings, assets):
        return self.built(
            settings,
            height=HEIGHT,
            width=WIDTH,
            vocabulary_size=len(assets.words),
            filters=(settings.first_filters, settings.second_filters, settings.third_filters),
        )

    def columns(self, assets, examples):
        captions = tf.constant([example.caption for example in examples])
        words = _front().ids(captions, assets.words)
        pictures = np.stack([example.picture for example in examples])
        return {"picture": pictures, "words": words}, words.row_lengths().numpy()

    def features(self, columns):
        words = columns["words"]
        fed, wanted = zoo.text.fed_and_wanted(words)
        inputs = {
            "image": tf.cast(columns["picture"], tf.float32)[..., None] / 255.0,
            "target": fed,
        }
        return inputs, {"logits": wanted}

    def objective(self, settings):
        return {
            "loss": {"logits": zoo.training.token_cross_entropy()},
            "metrics": {"logits": [zoo.training.TokenNats()]},
        }

    # What is exported and how it is measured -----------------------------------------------

    def module(self, settings, assets, model):
        return zoo.signatures.ImageToText(
            model,
            assets.words,
            _front(),
            HEIGHT,
            WIDTH,
            max_length=settings.max_length,
        )

    def measure(self, settings, answers, examples):
        said = self._said(answers, examples)
        truth = [example.caption for example in examples]
        wrong = words = 0
        for one, right in zip(said, truth, strict=True):
            a, b = one.split(), right.split()
            wrong += sum(x != y for x, y in zip(a, b, strict=False)) + abs(len(a) - len(b))
            words += len(b)
        return {
            "strips": len(examples),
            "exact_match": float(np.mean([a == b for a, b in zip(said, truth, strict=True)])),
            "word_error_rate": wrong / words,
        }

    def _said(self, answers, examples):
        said = [""] * len(examples)
        asked = answered(answers, examples, _pixels, "pixels", lambda example: 0)
        for row, answer in asked:
            said[row] = answer["text"].decode()
        return said

    def baselines(self, settings, train, examples):
        known = _flat(train[:5000])
        norms = (known**2).sum(1)
        right = [
            train[int((norms - 2 * known @ row).argmin())].caption == example.caption
            for row, example in zip(_flat(examples), examples, strict=True)
        ]
        return {"nearest strip": {"exact_match": float(np.mean(right))}}

    def inputs(self, given):
        return {self.input_name: [encoded_picture(one) for one in given]}

    def lines(self, inputs, answer):
        return [
            f"{given}\t{text}\t{score:.3f}"
            for given, text, score in zip(inputs, self.says(answer), answer["score"], strict=True)
        ]

    def says(self, answer):
        return [text.decode() for text in answer["text"]]

    def draw(self, figure, given, answer):
        above, below = figure.subplots(2, 1)
        bright = zoo.images.decode_picture(encoded_picture(given))
        above.imshow(
            zoo.images.standardise_clip(bright[None], HEIGHT, WIDTH)[0].numpy(), cmap="Greys"
        )
        above.set_title(self.says(answer)[0])
        texts = [text.decode() for text in answer["n_best"][0]]
        below.barh(range(len(texts)), np.exp(answer["n_best_scores"][0]), color="gray")
        below.set_yticks(range(len(texts)), texts)
        below.invert_yaxis()
        below.set_xlabel("probability")

    def show(self, answers, examples, count):
        examples = examples[:2000]
        said = self._said(answers, examples)
        return [
            Shown(f"validation strip {row}", one, example.caption, one == example.caption)
            for row, (one, example) in enumerate(zip(said, examples, strict=True))
        ]

    def in_python(self, example):
        return f'model([open("{example}", "rb").read()])'

    def warmup(self):
        picture = np.zeros((HEIGHT, WIDTH), "uint8")
        picture[4:24, 13:16] = 255
        encoded = EncodedPicture.of(picture, "warm-up")
        return [
            ("serving_default", {"image_bytes": np.array([bytes(encoded)], object)}),
            ("pixels", {"image": picture[None]}),
        ]


def _pixels(examples):
    return {"image": np.stack([example.picture for example in examples])}


def _flat(examples):
    return np.stack([e.picture for e in examples]).reshape(len(examples), -1) / np.float32(255)


def _own(path) -> list[Captioned]:
    found = read_arrays(path, ("images", "captions"))
    images, captions = found["images"], found["captions"]
    if images.dtype != np.uint8 or images.shape[1:] != (HEIGHT, WIDTH):
        raise InputError(
            f"{path}: images are {images.dtype} {list(images.shape)}; expected uint8 "
            f"[count, {HEIGHT}, {WIDTH}]"
        )
    if len(captions) != len(images):
        raise InputError(f"{path}: {len(captions)} captions for {len(images)} images")
    texts = [" ".join(str(caption).split()) for caption in captions]
    for number, text in enumerate(texts):
        if not text:
            raise InputError(f"{path}: caption {number} is empty")
    return [Captioned(image, text) for image, text in zip(images, texts, strict=True)]
