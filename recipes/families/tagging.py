"""What the recipes that tag words have in common."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

import zoo
from recipes.datasets.splitting import held_out
from recipes.drawings.tags import draw_tags
from recipes.metrics.answers import answered
from recipes.recipe import Assets, Recipe, Shown, TrainingSettings
from zoo.deferred import tf
from zoo.errors import InputError, unknown_name
from zoo.tuning import Parameter

# How text is cut that comes without words of its own: by which tokenizer, by its registered name.
CUTS = {
    "treebank": "treebank",
    "treebank_compounds": "treebank_compounds",
    "spoken": "spoken",
    "words": "words",
    "characters": "unspaced_characters",
}
# Training words of one character, at least, that make characters of a text: files of Chinese have
# some digits and Latin words whole; of English words, a sixth are single signs.
CHARACTERS_FROM = 0.9


@dataclasses.dataclass(frozen=True)
class Tagged:
    """One tagged sentence.

    Attributes:
        words: The words, none with a space.
        tags: As many tags.
        label: The sentence's own class; "" where it has none.
        text: As it was written; "" where that is not known.
    """

    words: tuple[str, ...]
    tags: tuple[str, ...]
    label: str = ""
    text: str = ""


@dataclasses.dataclass(frozen=True)
class TaggingSettings(TrainingSettings):
    """The settings that every tagging recipe has, with the reason beside each value."""

    # How text is cut when it is served: "treebank", "treebank_compounds", "spoken", "words" or
    # "characters". None: characters where nearly all training words are single ones, and otherwise
    # as the recipe's public data is cut.
    tokenizer: str | None = None
    # Words come back with their tags and are to be found again in the text: NFC changes no sign
    # that can be seen.
    unicode_form: str = "NFC"
    # Sentences held out for "validation" and "test" where a file comes without a split.
    held_out_sentences: int = 2000
    # Rarer words are read by their characters alone, and teach what an unknown word is like.
    min_count: int = 2
    units: int = 128
    embedding_dim: int = 96
    character_units: int = 32
    character_dim: int = 24
    # 99.9 % of the words of the English Web Treebank have no more.
    max_characters: int = 24
    num_layers: int = 2
    cell: str = "lstm"
    dropout: float = 0.4
    token_dropout: float = 0.1
    recurrent_weight_dropout: float = 0.0
    batch_size: int = 32
    learning_rate: float = 2e-3
    warmup_steps: int = 100
    ema_momentum: float | None = 0.998
    # A file in word2vec's or GloVe's text format; its width takes the place of embedding_dim.
    word_vectors: str | None = None
    # Words of that file that the vocabulary has beside those of the training data, at most.
    vector_words: int = 20000
    num_alternatives: int = 5


@dataclasses.dataclass(frozen=True)
class TaggingAssets(Assets):
    """The vocabularies of words, of characters, of tags and of labels."""

    words: zoo.text.Vocabulary
    characters: zoo.text.Vocabulary
    tags: tuple[str, ...]
    labels: tuple[str, ...]
    max_characters: int
    # Whether training had no capital in it.
    lower_case: bool
    # A name of `CUTS`; None: the recipe's own.
    tokenizer: str | None = None
    unicode_form: str = "NFC"

    def save(self, folder: Path) -> None:
        self.words.save(folder / "words.txt")
        self.characters.save(folder / "characters.txt")
        plain = {
            "tags": self.tags,
            "labels": self.labels,
            "max_characters": self.max_characters,
            "lower_case": self.lower_case,
            "tokenizer": self.tokenizer,
            "unicode_form": self.unicode_form,
        }
        text = json.dumps(plain, ensure_ascii=False)
        (folder / "tags.json").write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> TaggingAssets:
        plain = json.loads((folder / "tags.json").read_text(encoding="utf-8"))
        words, characters = (
            zoo.text.Vocabulary.load(folder / name) for name in ("words.txt", "characters.txt")
        )
        tags, labels = tuple(plain.pop("tags")), tuple(plain.pop("labels"))
        return cls(words, characters, tags, labels, **plain)


class TaggingRecipe(Recipe):
    """A recipe whose model `tagger` built and `TextToTags` exports."""

    topology = "tagger"
    assets = TaggingAssets
    input_name = "text"
    # Whether whole sequences of tags are scored.
    crf: ClassVar[bool] = False
    # A name of `CUTS`.
    tokenizer: ClassVar[str] = "treebank"
    # What the sentence's own class is called; None: it has none.
    row_name: ClassVar[str | None] = None
    # What a stretch of IOB2 tags is called in the outputs; None: tags are of single words.
    span_name: ClassVar[str | None] = None
    search_space = (
        Parameter("units", choices=(64, 128, 192)),
        Parameter("num_layers", choices=(1, 2)),
        Parameter("character_units", choices=(16, 32, 48)),
        Parameter("dropout", low=0.2, high=0.6),
        Parameter("token_dropout", low=0.0, high=0.3),
        Parameter("learning_rate", low=5e-4, high=5e-3, log=True),
    )

    def own(self, settings, examples: list[Tagged], split: str) -> list[Tagged]:
        """Cuts a split out of a person's own file."""
        sizes = dict.fromkeys(("validation", "test"), settings.held_out_sentences)
        return held_out(examples, split, sizes, what="sentences")

    def prepare(self, settings, examples):
        tokenizer = settings.tokenizer
        if tokenizer is not None and tokenizer not in CUTS:
            raise unknown_name("tokenizer", tokenizer, CUTS)
        tokens = _ragged_words(examples, settings.unicode_form)
        spelled = [word.decode() for word in tokens.values.numpy()]
        if tokenizer is None and spelled:
            single = np.mean([len(word) == 1 for word in spelled])
            tokenizer = "characters" if single >= CHARACTERS_FROM else None
        # A word of signs without width has nothing left to look up.
        known = [word.decode() for word in zoo.text.normal_form(tokens).values.numpy() if word]
        words = zoo.text.Vocabulary.build([known], min_count=settings.min_count)
        if settings.word_vectors:
            words = _with_vectors(settings, words, Counter(known))
        letters = zoo.text.Vocabulary.build(spelled, min_count=2)
        tags = sorted({tag for one in examples for tag in one.tags})
        labels = sorted({one.label for one in examples}) if self.row_name else ()
        return TaggingAssets(
            words,
            letters,
            tuple(tags),
            tuple(labels),
            settings.max_characters,
            lower_case=not any(word != word.lower() for word in spelled),
            tokenizer=tokenizer,
            unicode_form=settings.unicode_form,
        )

    def build(self, settings, assets):
        vectors, width = None, settings.embedding_dim
        if settings.word_vectors:
            read = zoo.text.WordVectors.read(settings.word_vectors, only=assets.words.tokens)
            vectors, width = read.matrix(assets.words.tokens)[0], read.dim
        return self.built(
            settings,
            num_classes=len(assets.tags),
            vocabulary_size=len(assets.words),
            character_vocabulary_size=len(assets.characters),
            num_row_classes=len(assets.labels) or None,
            embedding_dim=width,
            crf=self.crf,
            word_vectors=vectors,
        )

    def columns(self, assets, examples):
        tokens = _ragged_words(examples, assets.unicode_form)
        tag_ids = {tag: place for place, tag in enumerate(assets.tags)}
        # A tag that training never saw is not judged by the loss; a chain has no gaps, and takes O.
        unseen = tag_ids.get("O", 0) if self.crf else -1
        tags = [tag_ids.get(tag, unseen) for one in examples for tag in one.tags]
        columns = {
            "words": zoo.text.word_ids(tokens, assets.words),
            "characters": zoo.text.character_ids(tokens, assets.characters, assets.max_characters),
            "tags": tokens.with_values(tf.constant(tags, tf.int32)),
        }
        if self.row_name:
            places = {label: place for place, label in enumerate(assets.labels)}
            columns["labels"] = np.array([places.get(one.label, -1) for one in examples], "int32")
        return columns, tokens.row_lengths().numpy()

    def features(self, columns):
        words = columns["words"]
        inputs = {
            "tokens": words.to_tensor(zoo.text.PAD_ID),
            "characters": columns["characters"].to_tensor(zoo.text.PAD_ID),
            "length": tf.cast(words.row_lengths(), tf.int32),
        }
        targets = {"chain" if self.crf else "logits": columns["tags"].to_tensor(-1)}
        if self.row_name:
            # One step a row: the same loss as that of the tags.
            targets["row_logits"] = columns["labels"]
        return inputs, targets

    def module(self, settings, assets, model):
        return zoo.signatures.TextToTags(
            model,
            assets.words,
            assets.characters,
            assets.tags,
            _by_chain if self.crf else _by_step,
            self.front(assets),
            max_characters=assets.max_characters,
            row_classes=assets.labels,
            row_name=self.row_name or "label",
            span_name=self.span_name,
            lower_case=assets.lower_case,
            num_alternatives=settings.num_alternatives,
        )

    def front(self, assets: TaggingAssets) -> zoo.text.TextFront:
        """Returns what a text goes through that comes without words of its own."""
        tokenizer = zoo.text.tokenizers.get(CUTS[assets.tokenizer or self.tokenizer])
        return zoo.text.TextFront(zoo.text.Normalizer(assets.unicode_form), tokenizer)

    # Measuring and showing -----------------------------------------------------------------

    def tagged(self, answers, examples: list[Tagged]) -> tuple[list[list[str]], list[str]]:
        """Returns what a model says to given words: the tags of each sentence, and its label."""
        tags, labels = [[] for _ in examples], [""] * len(examples)
        rows = [one.words for one in examples]
        for row, answer in answered(answers, rows, _joined, "tokens"):
            count = answer["lengths"]
            tags[row] = [tag.decode() for tag in answer["tags"][:count]]
            labels[row] = answer[self.row_name].decode() if self.row_name else ""
        return tags, labels

    def phrase(self, words: Sequence[str], tags: Sequence[str], label: str) -> str:
        """Says in few words what tags mean."""
        return " ".join(f"{word}/{tag}" for word, tag in zip(words, tags, strict=True))

    def says(self, answer):
        rows = []
        for row, count in enumerate(answer["lengths"]):
            words, tags = (
                [text.decode(errors="replace") for text in answer[name][row, :count]]
                for name in ("tokens", "tags")
            )
            label = answer[self.row_name][row].decode() if self.row_name else ""
            rows.append(self.phrase(words, tags, label))
        return rows

    def lines(self, inputs, answer):
        lines = []
        for row, count in enumerate(answer["lengths"]):
            words, tags = (answer[name][row, :count] for name in ("tokens", "tags"))
            lines.append(
                " ".join(
                    f"{word.decode(errors='replace')}/{tag.decode()}/{score:.2f}"
                    for word, tag, score in zip(words, tags, answer["scores"][row], strict=False)
                )
            )
        return lines

    def show(self, answers, examples, count):
        chosen = np.random.default_rng(0).choice(len(examples), min(count, len(examples)), False)
        rows = [examples[i] for i in sorted(chosen)]
        said = self.says(answers("tokens", **_joined([one.words for one in rows])))
        shown = []
        for one, says in zip(rows, said, strict=True):
            truth = self.phrase(one.words, one.tags, one.label)
            shown.append(Shown(" ".join(one.words), says, truth, says == truth))
        return shown

    def samples(self, examples, count):
        chosen = np.random.default_rng(0).choice(len(examples), min(count, len(examples)), False)
        rows = [examples[i] for i in sorted(chosen)]
        return [(_written(one), self.phrase(one.words, one.tags, one.label)) for one in rows]

    def draw(self, figure, given, answer):
        count = int(answer["lengths"][0])
        if not count:
            raise InputError(f"{given!r}: there is no word in it, so there are no tags to draw")
        draw_tags(figure, *(answer[key][0, :count] for key in ("tokens", "tags")), answer)

    def warmup(self):
        text = np.array([self.example.encode(), b""])
        return [("serving_default", {"text": text}), ("tokens", {"tokens": text})]


def commonest_tags(train: list[Tagged], examples: list[Tagged]) -> list[list[str]]:
    """Tags each word as it most often is in training; an unknown one as words seen once are."""
    counts: dict[str, Counter] = defaultdict(Counter)
    for one in train:
        for word, tag in zip(one.words, one.tags, strict=True):
            counts[word.lower()][tag] += 1
    rare = Counter()
    for seen in counts.values():
        if seen.total() == 1:
            rare += seen
    best = {word: _first(seen) for word, seen in counts.items()}
    other = _first(rare or sum(counts.values(), Counter()))
    return [[best.get(word.lower(), other) for word in one.words] for one in examples]


def _first(counts: Counter) -> str:
    # Ties by name: the order must not depend on that of the data.
    return min(counts, key=lambda tag: (-counts[tag], tag))


def stretches(words: Sequence[str], tags: Sequence[str]) -> list[tuple[str, str]]:
    """Returns (name, words) of each stretch of IOB2 tags, as `zoo.signatures.spans` does."""
    found: list[tuple[str, list[str]]] = []
    before = ""
    for word, tag in zip(words, tags, strict=True):
        name = "" if tag == "O" else tag.partition("-")[2]
        if name and (tag.startswith("B-") or name != before):
            found.append((name, [word]))
        elif name:
            found[-1][1].append(word)
        before = name
    # Text without spaces gets none.
    separator = "" if all(len(word) == 1 for word in words) else " "
    return [(name, separator.join(inside)) for name, inside in found]


def said_stretches(answer, row: int, called: str) -> str:
    """Returns the stretches of one row of an answer, with their scores: "name: words (0.98)"."""
    parts = zip(*(answer[f"{called}_{key}"][row] for key in ("name", "text", "score")), strict=True)
    count = answer[f"{called}_count"][row]
    return "; ".join(
        f"{name.decode()}: {text.decode(errors='replace')} ({score:.2f})"
        for name, text, score in list(parts)[:count]
    )


def _joined(rows: Sequence[Sequence[str]]) -> dict[str, list[str]]:
    return {"tokens": [" ".join(words) for words in rows]}


def _written(one: Tagged) -> str:
    return one.text or " ".join(one.words)


def _ragged_words(examples: list[Tagged], form: str) -> tf.RaggedTensor:
    words = tf.constant([word for one in examples for word in one.words], tf.string)
    words = zoo.text.Normalizer(form).normalize(words)
    return tf.RaggedTensor.from_row_lengths(words, [len(one.words) for one in examples])


def _by_step(outputs, length):
    probabilities = tf.nn.softmax(outputs["logits"])
    return tf.argmax(probabilities, -1, output_type=tf.int32), probabilities


def _by_chain(outputs, length):
    return outputs["tags"], zoo.topologies.marginals(outputs["chain"], length)


def _with_vectors(settings, words: zoo.text.Vocabulary, counts: Counter) -> zoo.text.Vocabulary:
    """Adds the words of the vector file, and says how much of the training text has a vector."""
    vectors = zoo.text.WordVectors.read(settings.word_vectors)
    special, own = words.tokens[:4], list(words.tokens[4:])
    known = {*special, *own}
    # Rare words of the training data that have a vector, and then the file's own order.
    wanted = [word for word in counts if word in vectors and word not in known]
    wanted += [word for word in vectors if word not in known and word not in counts]
    own += wanted[: settings.vector_words]
    coverage = vectors.matrix([*special, *counts], counts)[1]
    print(f"word vectors: {vectors.dim} wide, {coverage}", file=sys.stderr)
    return zoo.text.Vocabulary(own)
