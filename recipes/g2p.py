"""Spelling to sound: the pronunciation of a word from its letters, by attention N to M."""

import dataclasses

import numpy as np

import zoo
from recipes import datasets
from recipes.datasets import cmudict
from recipes.datasets.splitting import held_out
from recipes.datasets.table import read_table
from recipes.families.forcing import ForcingSettings
from recipes.families.text_to_text import PairAssets, TextToTextRecipe, some
from recipes.metrics.answers import answered
from recipes.metrics.sequence_errors import token_error_rate, whole_sequence_error_rate
from recipes.recipe import Published, register
from zoo.tuning import Parameter


@dataclasses.dataclass(frozen=True)
class Settings(ForcingSettings):
    """Settings of g2p, with the reason beside each value."""

    # "cmudict-g014b2b", the split that papers report on, or "cmudict", the whole dictionary.
    dataset: str = "cmudict-g014b2b"
    # Words held out of the training data to choose settings by; papers hold out a few thousand.
    validation_words: int = 2500
    # Only where the data has no test split of its own.
    test_words: int = 2500
    # Words to train on at most, drawn evenly; None: all.
    train_words: int | None = None
    # A word sounds the same in full-width letters: NFKC. Phonetic script tells raised and small
    # letters from plain ones: NFC.
    source_form: str = "NFKC"
    target_form: str = "NFC"
    units: int = 256
    embedding_dim: int = 128
    encoder_layers: int = 2
    decoder_layers: int = 1
    bidirectional: bool = True
    cell: str = "lstm"
    bridge: str = "dense"
    # A kind of `zoo.attention.names()`; "none": one context for all steps, by `n_to_m`. "dot" needs
    # bidirectional=false.
    attention: str = "additive"
    attention_units: int = 128
    query: str = "current"
    input_feeding: bool = False
    # "token" and "maxout" let the output read the token before, as Bahdanau et al. 2014 do.
    output_head: str = "plain"
    # At 0.3 the validation loss stood still from the tenth epoch on while training went on down.
    dropout: float = 0.45
    label_smoothing: float = 0.1
    batch_size: int = 256
    epochs: float = 22.0
    learning_rate: float = 2e-3
    warmup_steps: int = 400
    clip_norm: float = 2.0
    ema_momentum: float | None = 0.998
    beam_width: int = 8
    num_results: int = 5
    length_penalty: float = 1.0


@register
class G2P(TextToTextRecipe):
    name = "g2p"
    title = "Spelling to sound: pronunciation of a word"
    topology = "attention_n_to_m"
    datasets = ("cmudict-g014b2b", "cmudict")
    metric = "word_error_rate"
    lower_is_better = True
    published = (
        Published(
            "Phonetisaurus WFST",
            "24.4 %",
            "cmudict-g014b2b",
            "test",
            "cmusphinx/g2p-seq2seq README",
        ),
        Published(
            "LSTM 2x512",
            "23.3 %",
            "cmudict-g014b2b",
            "test",
            "cmusphinx/g2p-seq2seq README 81c0846, March 2017",
        ),
        Published(
            "Transformer, at first listed as LSTM 2x256",
            "22.2 %",
            "cmudict-g014b2b",
            "test",
            "cmusphinx/g2p-seq2seq README 1562584, relabelled by d854373, January 2018",
        ),
        Published(
            "Transformer 3x256",
            "20.6 %",
            "cmudict-g014b2b",
            "test",
            "cmusphinx/g2p-seq2seq README, 2019",
        ),
    )
    own_data = (
        "a UTF-8 text file, word<TAB>pronunciation a line; a word with several pronunciations has "
        "several lines; a pronunciation is symbols separated by spaces, or plain text in any script"
    )
    example = "photograph"
    settings = Settings()
    tokens_name = "letters"
    search_space = (
        Parameter("units", choices=(128, 192, 256)),
        Parameter("encoder_layers", choices=(1, 2)),
        Parameter("dropout", low=0.1, high=0.5),
        Parameter("learning_rate", low=5e-4, high=5e-3, log=True),
        Parameter("label_smoothing", choices=(0.0, 0.05, 0.1)),
    )

    # Data ----------------------------------------------------------------------------------

    def read(self, settings, data, split):
        if data is None and settings.dataset == "cmudict-g014b2b":
            name = "g014b2b.test" if split == "test" else "g014b2b.train"
            path = datasets.fetch(settings.dataset, [name])[name]
            words = _by_word(cmudict.read_pairs(path))
            return words if split == "test" else _held_out(words, settings, split, has_test=True)
        if data is None:
            path = datasets.fetch("cmudict", ["cmudict.dict"])["cmudict.dict"]
            pairs = cmudict.read_pairs(path, strip_stress=True)
        else:
            rows = read_table(data, ("word", "pronunciation"))
            words, sounds = zip(*rows, strict=True)
            words = zoo.text.Normalizer(settings.source_form).normalize_all(words)
            sounds = zoo.text.Normalizer(settings.target_form).normalize_all(sounds)
            pairs = [(word, (sound,)) for word, sound in zip(words, sounds, strict=True)]
        return _held_out(_by_word(pairs), settings, split, has_test=False)

    def prepare(self, settings, examples):
        sounds = [sound for _, all_right in examples for sound in all_right]
        by_space = any(" " in sound for sound in sounds)
        tokenizer = zoo.text.tokenizers.get("words" if by_space else "characters")
        targets = zoo.text.TextFront(
            zoo.text.Normalizer(settings.target_form), tokenizer
        ).split_texts(sounds)
        lowered = zoo.text.Normalizer(settings.source_form, lower_case=True)
        return PairAssets(
            zoo.text.Vocabulary.build(lowered.normalize_all([word for word, _ in examples])),
            zoo.text.Vocabulary.build(targets),
            "characters",
            tokenizer.name,
            # Room for words longer than any in training.
            max_length=2 * max(map(len, targets)),
            lower_case=True,
            source_form=settings.source_form,
            target_form=settings.target_form,
        )

    # Model and objective -------------------------------------------------------------------

    def build(self, settings, assets):
        return self.attention_model(settings, assets)

    def columns(self, assets, examples):
        pairs = [(word, sound) for word, all_right in examples for sound in all_right]
        return self.encoded(assets, pairs)

    # How it is measured --------------------------------------------------------------------

    def objective(self, settings):
        loss = zoo.training.token_cross_entropy(settings.label_smoothing)
        return {"loss": {"logits": loss}, "metrics": {"logits": [zoo.training.TokenNats()]}}

    def measure(self, settings, answers, examples):
        words = [word for word, _ in examples]
        references = [all_right for _, all_right in examples]
        metrics = {"words": len(words)}
        for signature, suffix in (("serving_default", ""), ("greedy", "_greedy")):
            said = [""] * len(words)
            asked = answered(answers, words, lambda part: {"text": part}, signature)
            for row, answer in asked:
                said[row] = answer["text"].decode()
            metrics[f"word_error_rate{suffix}"] = whole_sequence_error_rate(references, said)
            metrics[f"phoneme_error_rate{suffix}"] = token_error_rate(references, said)
        return metrics

    def samples(self, examples, count):
        chosen = np.random.default_rng(0).choice(len(examples), min(count, len(examples)), False)
        return [(examples[i][0], " / ".join(examples[i][1])) for i in sorted(chosen)]


def _by_word(pairs) -> list[tuple[str, list[str]]]:
    """Groups (word, phonemes) pairs: each word once, with all its pronunciations."""
    grouped: dict[str, list[str]] = {}
    for word, phones in pairs:
        sounds, sound = grouped.setdefault(word, []), " ".join(phones)
        if sound not in sounds:
            sounds.append(sound)
    return list(grouped.items())


def _held_out(words, settings, split, has_test):
    sizes = {"validation": settings.validation_words}
    if not has_test:
        sizes["test"] = settings.test_words
    found = held_out(words, split, sizes, "words")
    return some(found, settings.train_words) if split == "train" else found
