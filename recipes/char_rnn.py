"""Prose a character at a time: a network that has read one text writes on in its style."""

import dataclasses

import numpy as np

import zoo
from recipes import datasets
from recipes.baselines.ngrams import NGrams
from recipes.datasets.text_corpus import read_corpus
from recipes.families.language_modelling import (
    CharacterAssets,
    LanguageModelRecipe,
    LanguageModelSettings,
)
from recipes.recipe import Published, Shown, register
from zoo.deferred import tf
from zoo.errors import InputError
from zoo.tuning import Parameter

# Characters to validate on: on fewer, two models cannot be told apart.
LEAST = 10_000


@dataclasses.dataclass(frozen=True)
class Settings(LanguageModelSettings):
    """Settings of char_rnn, with the reason beside each value."""

    dataset: str = "tinyshakespeare"
    # The last part of the training text, kept to watch by; the last tenth of all is the test. Never
    # less than LEAST characters, or a twentieth of a short text. The settings were chosen with
    # 0.05, which is steadier; but the play that the test goes on with begins there, and a model
    # should have read what those before it have read.
    validation_share: float = 0.01
    # Steps that a gradient goes back through; the state goes on beyond them.
    window: int = 128
    # Cuts between windows may fall at each fourth part of a window, other ones in each epoch.
    offsets: int = 4
    batch_size: int = 32
    epochs: float = 21.0
    learning_rate: float = 2e-3
    warmup_steps: int = 200
    clip_norm: float = 1.0
    weight_decay: float | None = 0.2
    # A validation is a pass over a long text, one character after another: not every epoch.
    round_steps: int | None = 1452
    # What `zoo predict` draws with: a little colder than the model is, it makes fewer new words.
    temperature: float = 0.8
    max_length: int = 400


@dataclasses.dataclass(frozen=True)
class Passage:
    """A text, and how it is read in training.

    Attributes:
        text: The characters.
        window, stride: For training, see `windows_of`; None: it is read in one go.
    """

    text: str
    window: int | None = None
    stride: int = 1


@register
class CharRNN(LanguageModelRecipe):
    name = "char_rnn"
    title = "Prose a character at a time: a text goes on in the style of another"
    datasets = ("tinyshakespeare",)
    metric = "nats_per_character"
    published = (
        Published(
            "Transformer, 4 layers, on a CPU",
            "1.88",
            "tinyshakespeare",
            "last tenth, windows of 64",
            "nanoGPT README",
        ),
        Published(
            "Transformer, 6 layers, on a GPU",
            "1.4697",
            "tinyshakespeare",
            "last tenth, windows of 256",
            "nanoGPT README",
        ),
    )
    own_data = "any UTF-8 text file; its last tenth is the test, what is before that the training"
    example = "ROMEO:"
    settings = Settings()
    search_space = (
        Parameter("units", choices=(256, 384, 512)),
        Parameter("dropout", low=0.2, high=0.5),
        Parameter("recurrent_weight_dropout", low=0.0, high=0.5),
        Parameter("learning_rate", low=5e-4, high=5e-3, log=True),
        Parameter("batch_size", choices=(32, 64)),
    )

    # Data ----------------------------------------------------------------------------------

    def read(self, settings, data, split):
        path = data
        if data is None:
            path = datasets.fetch(settings.dataset, ["input.txt"])["input.txt"]
        train, test = map(self._read, read_corpus(path))
        if split == "test":
            return [Passage(test)]
        cut = int(len(train) * (1 - settings.validation_share))
        cut = min(cut, len(train) - min(LEAST, len(train) // 20))
        if split == "validation":
            return [Passage(train[cut:])]
        zoo.training.windows_of(
            np.zeros(0), settings.window, settings.offsets
        )  # Checks that they fit.
        needed = settings.batch_size * settings.window + settings.window
        if cut < needed:
            raise InputError(
                f"{path}: {cut} characters to train on are too few for {settings.batch_size} lanes "
                f"of {settings.window}; give {needed} or more, or a smaller batch_size or window"
            )
        return [Passage(train[:cut], settings.window, settings.offsets)]

    def _read(self, text: str) -> str:
        """Normalises a long text, line by line."""
        return "\n".join(self.tokenizer.normalizer.normalize_all(text.split("\n")))

    def prepare(self, settings, examples):
        return CharacterAssets(zoo.text.Vocabulary.build(passage.text for passage in examples))

    # Model and objective -------------------------------------------------------------------

    def build(self, settings, assets):
        size = len(assets.vocabulary)
        return self.built(settings, num_classes=size, vocabulary_size=size, state_inputs=True)

    def objective(self, settings):
        return {
            "loss": {"logits": zoo.training.token_cross_entropy()},
            "metrics": {"logits": [zoo.training.TokenNats()]},
        }

    def trained(self, settings, model):
        return zoo.training.CarriedState(model, settings.batch_size)

    def plan(self, settings, lengths, seed):
        return zoo.training.LanePlan(len(lengths), settings.batch_size, settings.offsets, seed)

    def columns(self, assets, examples):
        (passage,) = examples
        tokens = assets.ids(passage.text)
        if passage.window is None:
            rows = np.concatenate([[start_of(assets)], tokens])[None].astype("int32")
        else:
            rows = zoo.training.windows_of(tokens, passage.window, passage.stride)
        return {"tokens": rows}, np.full(len(rows), rows.shape[1] - 1)

    def features(self, columns):
        tokens = columns["tokens"]
        length = tf.fill([tf.shape(tokens)[0]], tf.shape(tokens)[1] - 1)
        return {"tokens": tokens[:, :-1], "length": length}, {"logits": tokens[:, 1:]}

    # What is exported and how it is measured -----------------------------------------------

    def module(self, settings, assets, model):
        return zoo.signatures.LanguageModel(
            zoo.topologies.TokenStep(model),
            assets.vocabulary,
            self.tokenizer,
            start_id=start_of(assets),
            temperature=settings.temperature,
            max_length=settings.max_length,
        )

    def measure(self, settings, answers, examples):
        (passage,) = examples
        answer = answers("score", text=[passage.text])
        return {
            "characters": int(answer["length"][0]),
            "nats_per_character": float(answer["nats_per_token"][0]),
            "unknown_share": float(answer["unknown_share"][0]),
        }

    def baselines(self, settings, train, examples):
        (passage,), (learned,) = examples, train
        # On the validation text 5 was the best of 1, 3, 5, 6, 7 and 8.
        orders = {"unigram": 1, "5-gram": 5}
        return {
            name: {
                "nats_per_character": NGrams([learned.text], order).nats(passage.text)
                / max(len(passage.text), 1)
            }
            for name, order in orders.items()
        }

    def show(self, answers, examples, count):
        (passage,) = examples
        # The first lines of three scenes' worth of text, by place alone.
        lines = [line for line in passage.text.split("\n") if line.strip()]
        chosen = [lines[len(lines) * part // 3] for part in range(min(3, count, len(lines)))]
        # A seed a place: with one for all, like places would go on in like words.
        seeds = np.arange(len(chosen), dtype="int32")
        asked = [line + "\n" for line in chosen]
        said = self.says(answers(text=asked, max_length=[200], seed=seeds))
        text = passage.text
        return [
            Shown(line, says, text[text.index(line) + len(line) + 1 :][:200], None)
            for line, says in zip(chosen, said, strict=True)
        ]

    def warmup(self):
        text = {"text": np.array([b"warm", b"up"])}
        short = {**text, "max_length": np.array([8], "int32")}
        return [("serving_default", short), ("score", text), ("next", text)]


def start_of(assets: CharacterAssets) -> int:
    """Returns the id that a text is taken to follow on: a line feed, where the text has any."""
    tokens = assets.vocabulary.tokens
    return tokens.index("\n") if "\n" in tokens else zoo.text.START_ID
