"""A picture read row by row: the digit of 28 rows, N to 1."""

import dataclasses

import numpy as np

from recipes.families.image_to_label import (
    HEIGHT,
    WIDTH,
    ImageToLabelRecipe,
    PictureSettings,
    accuracy_and_error,
    mnist_pictures,
    own_pictures,
)
from recipes.recipe import Published, register
from zoo.deferred import keras, tf
from zoo.tuning import Parameter


@dataclasses.dataclass(frozen=True)
class Settings(PictureSettings):
    """Settings of row_mnist, with the reason beside each value."""

    units: int = 64
    cell: str = "lstm"
    num_layers: int = 2
    # The rows are all there at once, so nothing is lost by reading them upwards too.
    bidirectional: bool = True
    # "attention" also says which rows the answer leans on.
    pooling: str = "attention"
    dropout: float = 0.2
    batch_size: int = 128
    epochs: float = 8.0
    learning_rate: float = 3e-3
    warmup_steps: int = 200
    clip_norm: float = 1.0
    ema_momentum: float | None = 0.998


@register
class RowMNIST(ImageToLabelRecipe):
    name = "row_mnist"
    title = "A handwritten digit, read row by row"
    topology = "n_to_one"
    metric = "accuracy"
    lower_is_better = False
    published = (
        Published(
            "hierarchical LSTM, 5 epochs",
            "98.64 %",
            "mnist",
            "test",
            "Keras examples, mnist_hierarchical_rnn",
        ),
    )
    settings = Settings()
    search_space = (
        Parameter("units", choices=(64, 96, 128)),
        Parameter("num_layers", choices=(1, 2)),
        Parameter("pooling", choices=("last", "mean", "max", "attention")),
        Parameter("dropout", low=0.0, high=0.5),
        Parameter("learning_rate", low=1e-3, high=1e-2, log=True),
    )

    def read(self, settings, data, split):
        if data is not None:
            return own_pictures(data, split)
        return mnist_pictures(split, settings.validation_pictures)

    def build(self, settings, assets):
        return self.built(
            settings,
            num_classes=len(assets.labels),
            num_features=WIDTH,
        )

    def objective(self, settings):
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
        return {"loss": {"logits": loss}, "metrics": {"logits": [accuracy]}}

    def measure(self, settings, answers, examples):
        right = self.named_right(answers, examples)
        return {"images": len(right), **accuracy_and_error(right)}

    def model_inputs(self, images):
        return {"features": images, "length": tf.fill([tf.shape(images)[0]], HEIGHT)}

    def explained(self, model):
        hidden = model.get_layer("recurrence").output[0]
        return keras.Model(model.input, {**model.output, "hidden": hidden}, name=model.name)

    def details(self, model):
        pooling = model.get_layer("pooling")
        if pooling.kind != "attention":
            return super().details(model)
        return lambda inputs, outputs: {
            "attention": pooling.weights_of(outputs["hidden"], inputs["length"])
        }

    def draw_details(self, axes, answer):
        if "attention" not in answer:
            return
        weights = answer["attention"][0]
        axes.barh(
            np.arange(len(weights)), weights / weights.max() * WIDTH / 3, left=WIDTH, color="C1"
        )
        axes.set_xlim(-0.5, WIDTH * 4 / 3)
        axes.set_xlabel("orange: attention to each row")
