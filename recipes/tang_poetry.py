"""Tang poems: five- and seven-character verse from its first characters or from an acrostic."""

import dataclasses
import re
from collections import Counter

import numpy as np

import zoo
from recipes import datasets
from recipes.baselines.ngrams import NGrams
from recipes.datasets.reading import line_error, numbered_lines
from recipes.datasets.splitting import held_out
from recipes.datasets.tang_poetry import VERSE_MARKS, read_poems
from recipes.families.language_modelling import (
    CharacterAssets,
    LanguageModelRecipe,
    LanguageModelSettings,
)
from recipes.metrics.answers import answered
from recipes.recipe import Shown, register
from zoo.deferred import tf
from zoo.errors import InputError
from zoo.tuning import Parameter

MARKS = ("，", "。")
# A poem's form is told by a token before it.
FORMS = {5: "<5>", 7: "<7>"}


@dataclasses.dataclass(frozen=True)
class Settings(LanguageModelSettings):
    """Settings of tang_poetry, with the reason beside each value."""

    dataset: str = "chinese-poetry-tang"
    validation_poems: int = 400
    test_poems: int = 600
    # Of about 5,800 characters the commonest 4,000 are 99.4 % of the text.
    vocabulary_size: int = 4000
    # Longer poems are read up to here, and nothing is learned of their end.
    max_verses: int = 16
    units: int = 384
    embedding_dim: int = 192
    # One layer: half the time of two.
    num_layers: int = 1
    tie_embeddings: bool = True
    dropout: float = 0.4
    input_dropout: float = 0.2
    recurrent_weight_dropout: float = 0.2
    batch_size: int = 64
    epochs: float = 24.0
    learning_rate: float = 3e-3
    warmup_steps: int = 100
    clip_norm: float = 1.0
    temperature: float = 0.8
    # Poems of each form that are drawn to see how many are well-formed.
    drawn_poems: int = 200


@dataclasses.dataclass(frozen=True)
class Verses:
    """A poem of regular verse.

    Attributes:
        text: Its verses, the first of a couplet closed by "，", the second by "。".
        verse_length: 5 or 7.
        whole: Whether this is all of it.
    """

    text: str
    verse_length: int
    whole: bool = True


@register
class TangPoetry(LanguageModelRecipe):
    name = "tang_poetry"
    title = "Tang poems: regular verse from its first characters or from an acrostic"
    datasets = ("chinese-poetry-tang",)
    metric = "perplexity"
    own_data = (
        "a UTF-8 text file, one poem a line, all its verses of five or all of seven characters "
        "with a mark (，。？！；) after each; or a JSON file of the chinese-poetry collection"
    )
    example = "白日"
    settings = Settings()
    search_space = (
        Parameter("units", choices=(256, 320, 384)),
        Parameter("embedding_dim", choices=(128, 192, 256)),
        Parameter("dropout", low=0.3, high=0.6),
        Parameter("recurrent_weight_dropout", low=0.0, high=0.5),
        Parameter("learning_rate", low=5e-4, high=5e-3, log=True),
    )

    # Data ----------------------------------------------------------------------------------

    def read(self, settings, data, split):
        if data is not None and not str(data).endswith((".json", ".json.gz")):
            found = _from_lines(data, settings.max_verses)
        else:
            found = _from_collection(self._paths(settings, data), settings.max_verses)
        found = list(found)
        texts = self.tokenizer.normalizer.normalize_all([poem.text for poem in found])
        read = [dataclasses.replace(a, text=text) for a, text in zip(found, texts, strict=True)]
        poems = list({poem.text: poem for poem in read}.values())
        sizes = {"validation": settings.validation_poems, "test": settings.test_poems}
        return held_out(poems, split, sizes, "poems of regular verse")

    def _paths(self, settings, data):
        if data is not None:
            return [data]
        names = [f"poet.tang.{number}.json" for number in range(0, 10_000, 1000)]
        return list(datasets.fetch(settings.dataset, names).values())

    def prepare(self, settings, examples):
        return CharacterAssets(
            zoo.text.Vocabulary([*FORMS.values(), *MARKS, *_known(settings, examples)])
        )

    # Model and objective -------------------------------------------------------------------

    def build(self, settings, assets):
        size = len(assets.vocabulary)
        return self.built(settings, num_classes=size, vocabulary_size=size)

    def objective(self, settings):
        return {
            "loss": {"logits": zoo.training.token_cross_entropy()},
            "metrics": {"logits": [zoo.training.TokenNats()]},
        }

    def columns(self, assets, examples):
        ids = {token: place for place, token in enumerate(assets.vocabulary.tokens)}
        rows = [
            [
                ids[FORMS[poem.verse_length]],
                *assets.ids(poem.text),
                *[zoo.text.STOP_ID] * poem.whole,
            ]
            for poem in examples
        ]
        lengths = np.array([len(row) - 1 for row in rows])
        return {"tokens": tf.ragged.constant(rows, tf.int32)}, lengths

    def features(self, columns):
        tokens = columns["tokens"]
        length = tf.cast(tokens.row_lengths(), tf.int32) - 1
        padded = tokens.to_tensor()
        # The inputs' last column is each row's stop or padding: past its length either way.
        return {"tokens": padded[:, :-1], "length": length}, {"logits": padded[:, 1:]}

    # What is exported and how it is measured -----------------------------------------------

    def module(self, settings, assets, model):
        return zoo.signatures.VerseWriter(
            zoo.topologies.TokenStep(model),
            assets.vocabulary,
            self.tokenizer,
            MARKS,
            FORMS,
            temperature=settings.temperature,
        )

    def measure(self, settings, answers, examples):
        nats, characters, unknown = 0.0, 0, 0.0
        # A poem that was cut is measured up to the cut, and nothing is asked about its end.
        whole = [poem for poem in examples if poem.whole]
        asked = answered(
            answers, whole, _scored, "score", length=lambda poem: len(poem.text), batch_size=64
        )
        for row, answer in asked:
            nats += float(answer["nats"])
            characters += _count(whole[row])
            unknown += float(answer["unknown_share"]) * len(whole[row].text)
        measured = {
            "poems": len(whole),
            "perplexity": float(np.exp(nats / max(characters, 1))),
            "unknown_share": unknown / max(characters, 1),
        }
        for signature, more in (("free", {"temperature": [1.0]}), ("serving_default", {})):
            for form in FORMS:
                kept = [
                    is_well_formed(text, form)
                    for text in _drawn(answers, signature, form, settings.drawn_poems, more)
                ]
                kind = "free" if signature == "free" else "in_form"
                measured[f"well_formed_{form}_{kind}"] = float(np.mean(kept))
        return measured

    def baselines(self, settings, train, examples):
        known = {*_known(settings, train), *MARKS, *FORMS.values()}

        def tokens(poem):
            letters = [letter if letter in known else zoo.text.UNKNOWN for letter in poem.text]
            return [FORMS[poem.verse_length], *letters, *["<stop>"] * poem.whole]

        whole = [poem for poem in examples if poem.whole]
        characters = max(sum(map(_count, whole)), 1)
        found = {}
        for name, order in (("unigram", 1), ("bigram", 2), ("trigram", 3)):
            model = NGrams([tokens(poem) for poem in train], order)
            # The form is given, not predicted.
            nats = sum(
                model.nats(tokens(poem)) + np.log(model.probability((), FORMS[poem.verse_length]))
                for poem in whole
            )
            found[name] = {"perplexity": float(np.exp(nats / characters))}
        return found

    def show(self, answers, examples, count):
        chosen = [poem for poem in examples if len(poem.text) <= 32][: min(3, count)]
        shown = []
        for seed, poem in enumerate(chosen):
            given = poem.text[: poem.verse_length + 1]
            verses = 2 * poem.text.count(MARKS[1])
            answer = answers(text=[given], form=[poem.verse_length], verses=[verses], seed=[seed])
            shown.append(Shown(given, self.says(answer)[0], poem.text[len(given) :], None))
        return shown

    def lines(self, inputs, answer):
        return [
            (given + text).replace(MARKS[1], MARKS[1] + "\n").rstrip("\n")
            for given, text in zip(inputs, self.says(answer), strict=True)
        ]

    def warmup(self):
        text = {"text": np.array(["白日".encode(), b""])}
        return [
            ("serving_default", {**text, "acrostic": np.array([b"", "春夏秋冬".encode()])}),
            ("free", text),
            ("score", {"text": np.array(["白日依山盡，黃河入海流。".encode()])}),
        ]


def is_well_formed(text: str, form: int) -> bool:
    """Whether a poem is whole couplets of verses of so many characters, each with its mark."""
    first, second = MARKS
    verse = f"[^{first}{second}]{{{form}}}"
    return re.fullmatch(f"({verse}{first}{verse}{second})+", text) is not None


def _from_collection(paths, max_verses):
    for path in paths:
        for poem in read_poems(path):
            if poem.is_clean and poem.verse_length in FORMS:
                yield _verses(poem.verses, max_verses)


def _from_lines(path, max_verses):
    for number, line in numbered_lines(path):
        if not line.strip():
            continue
        verses = [verse for verse in VERSE_MARKS.split(line.strip()) if verse]
        lengths = sorted({len(verse) for verse in verses})
        if len(lengths) != 1 or lengths[0] not in FORMS or len(verses) < 2:
            raise line_error(
                path,
                number,
                f"{len(verses)} verses of {' and '.join(map(str, lengths))} characters; expected "
                f"two or more, all of five or all of seven, with a mark (，。) after each",
            )
        yield _verses(verses, max_verses)


def _verses(verses, max_verses) -> Verses:
    """Gives every verse its mark by its place, whatever mark it was printed with."""
    kept = verses[:max_verses]
    text = "".join(verse + MARKS[place % 2] for place, verse in enumerate(kept))
    return Verses(text, len(verses[0]), whole=len(kept) == len(verses))


def _known(settings, poems) -> list[str]:
    """Returns the commonest characters of poems, without marks."""
    if settings.vocabulary_size < 1:
        raise InputError(f"vocabulary_size is {settings.vocabulary_size}; expected 1 or more")
    counts = Counter(letter for poem in poems for letter in poem.text if letter not in MARKS)
    return sorted(counts, key=lambda letter: (-counts[letter], letter))[: settings.vocabulary_size]


def _count(poem: Verses) -> int:
    return sum(letter not in MARKS for letter in poem.text)


def _scored(poems) -> dict:
    return {
        "text": [poem.text for poem in poems],
        "form": np.array([poem.verse_length for poem in poems], "int32"),
    }


def _drawn(answers, signature, form, count, more):
    """Yields poems that the model draws from nothing, each from a seed of its own."""
    for start in range(0, count, 50):
        seeds = np.arange(start, min(start + 50, count), dtype="int32")
        verses = [16] if signature == "free" else [4]
        answer = answers(
            signature, text=[""] * len(seeds), form=[form], verses=verses, seed=seeds, **more
        )
        yield from (text.decode() for text in answer["text"])
