"""Sums as text: "123+45" to "168", by N to M without attention."""

import dataclasses

import numpy as np

import zoo
from recipes.datasets.splitting import held_out
from recipes.datasets.table import read_table
from recipes.families.forcing import ForcingSettings
from recipes.families.text_to_text import PairAssets, TextToTextRecipe
from recipes.metrics.answers import answered
from recipes.recipe import Published, register
from zoo.errors import InputError
from zoo.tuning import Parameter


@dataclasses.dataclass(frozen=True)
class Settings(ForcingSettings):
    """Settings of addition, with the reason beside each value."""

    digits: int = 3
    # A digit is the same digit in full width: NFKC. An answer of one's own stays as written: NFC.
    source_form: str = "NFKC"
    target_form: str = "NFC"
    # Of about 500,000 different sums; the Keras example trains on 45,000 of its 50,000.
    train_sums: int = 45_000
    validation_sums: int = 5_000
    test_sums: int = 5_000
    units: int = 128
    embedding_dim: int = 32
    encoder_layers: int = 1
    decoder_layers: int = 1
    cell: str = "lstm"
    # The forward encoder learns it too, later and less surely.
    bidirectional: bool = True
    context: str = "last"
    injection: str = "initial_state"
    pooling: str = "attention"
    bridge: str = "dense"
    dropout: float = 0.0
    label_smoothing: float = 0.0
    batch_size: int = 128
    epochs: float = 30.0
    learning_rate: float = 3e-3
    warmup_steps: int = 200
    clip_norm: float = 1.0
    ema_momentum: float | None = 0.99
    beam_width: int = 2
    num_results: int = 2
    length_penalty: float = 0.0


@register
class Addition(TextToTextRecipe):
    name = "addition"
    title = "Sums as text: the digits of a + b from the digits of a and b"
    topology = "n_to_m"
    datasets = ()
    metric = "exact_match"
    lower_is_better = False
    published = (
        Published(
            "LSTM 128, 5 to 6 epochs of a growing count",
            "99 % of characters",
            None,
            "validation",
            "Keras addition_rnn",
        ),
    )
    own_data = (
        "a UTF-8 text file, question<TAB>answer a line: any short text to any short text, read "
        "character by character"
    )
    example = "123+45"
    settings = Settings()
    tokens_name = "characters"
    search_space = (
        Parameter("units", choices=(64, 128, 192)),
        Parameter("context", choices=("last", "transform_last", "transform_all")),
        Parameter("embedding_dim", choices=(16, 32, 64)),
        Parameter("learning_rate", low=5e-4, high=1e-2, log=True),
    )

    # Data ----------------------------------------------------------------------------------

    def read(self, settings, data, split):
        sizes = {"validation": settings.validation_sums, "test": settings.test_sums}
        if data is not None:
            questions, texts = zip(*read_table(data, ("question", "answer")), strict=True)
            questions = zoo.text.Normalizer(settings.source_form).normalize_all(questions)
            texts = zoo.text.Normalizer(settings.target_form).normalize_all(texts)
            pairs = list(zip(questions, texts, strict=True))
            return held_out(pairs, split, sizes, "questions")
        sums = made_sums(settings.digits, settings.train_sums + sum(sizes.values()))
        return [(f"{a}+{b}", str(a + b)) for a, b in held_out(sums, split, sizes, "sums")]

    def prepare(self, settings, examples):
        questions, texts = zip(*examples, strict=True)
        return PairAssets(
            zoo.text.Vocabulary.build(questions),
            zoo.text.Vocabulary.build(texts),
            "characters",
            "characters",
            max_length=2 * max(map(len, texts)),
            source_form=settings.source_form,
            target_form=settings.target_form,
        )

    # Model and objective -------------------------------------------------------------------

    def build(self, settings, assets):
        return self.built(
            settings,
            source_vocabulary_size=len(assets.source),
            target_vocabulary_size=len(assets.target),
            bridge=settings.bridge
            if settings.context == "last" and settings.injection != "every_step"
            else "dense",
        )

    def columns(self, assets, examples):
        return self.encoded(assets, examples)

    # How it is measured --------------------------------------------------------------------

    def objective(self, settings):
        loss = zoo.training.token_cross_entropy(settings.label_smoothing)
        return {"loss": {"logits": loss}, "metrics": {"logits": [zoo.training.TokenNats()]}}

    def measure(self, settings, answers, examples):
        questions = [question for question, _ in examples]
        right = characters = same = 0
        asked = answered(answers, questions, lambda part: {"text": part}, "greedy")
        for row, answer in asked:
            said, truth = answer["text"].decode(), examples[row][1]
            right += said == truth
            same += sum(a == b for a, b in zip(said, truth, strict=False))
            characters += max(len(said), len(truth))
        return {
            "questions": len(examples),
            "exact_match": right / len(examples),
            "character_accuracy": same / characters,
        }

    def baselines(self, settings, train, examples):
        nearest = {question: answer for question, answer in train}
        known = sorted(nearest)
        right = 0
        for question, answer in examples:
            place = int(np.searchsorted(known, question))
            right += nearest[known[min(place, len(known) - 1)]] == answer
        return {"answer of the next question in order": {"exact_match": right / len(examples)}}

    def samples(self, examples, count):
        return examples[:count]


def made_sums(digits: int, count: int, seed: int = 31) -> list[tuple[int, int]]:
    """Draws different sums (a, b) of numbers of 1 to `digits` digits.

    The number of digits is drawn first, so that short numbers are as common as long ones; (a, b)
    and (b, a) count as one sum and come once, in the order in which they were drawn.

    Raises:
        InputError: there are not that many different sums.
    """
    if digits < 1:
        raise InputError(f"digits={digits}; expected 1 or more")
    numbers = 10**digits
    if count > numbers * (numbers + 1) // 2:
        raise InputError(
            f"{count} sums of numbers of up to {digits} digits were asked for; there are only "
            f"{numbers * (numbers + 1) // 2} different ones"
        )
    random = np.random.default_rng(seed)
    found: dict[frozenset[int], tuple[int, int]] = {}
    while len(found) < count:
        lengths = random.integers(1, digits + 1, size=(count, 2))
        highest = 10**lengths
        # Once the short ones are all drawn, only evenly drawn numbers find what is left.
        if len(found) > count // 2:
            highest = np.full_like(highest, numbers)
        for a, b in (random.random((count, 2)) * highest).astype(int).tolist():
            if len(found) < count:
                found.setdefault(frozenset((a, b)), (a, b))
    return list(found.values())
