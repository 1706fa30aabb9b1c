"""Translation by attention N to M over pieces of words."""

import dataclasses
import math
import unicodedata

import numpy as np

import zoo
from recipes import datasets
from recipes.baselines.nearest_text import nearest_texts
from recipes.datasets import multi30k, tatoeba
from recipes.datasets.splitting import held_out
from recipes.datasets.table import read_table
from recipes.families.forcing import ForcingSettings
from recipes.families.text_to_text import PairAssets, TextToTextRecipe, some
from recipes.metrics.answers import answered
from recipes.metrics.translation import bleu_of_lowered_tokens, translation_scores
from recipes.recipe import Published, register
from zoo.tuning import Parameter

END_MARKS = ".!?。！？"
MULTI30K = {"train": "train", "validation": "val", "test": "test_2016_flickr"}


@dataclasses.dataclass(frozen=True)
class Settings(ForcingSettings):
    """Settings of translation, with the reason beside each value."""

    # "multi30k" (German to English), "tatoeba-fra-eng" or "tatoeba-cmn-eng" (into English).
    dataset: str = "multi30k"
    # True: out of English instead.
    reverse: bool = False
    # Sentences of Tatoeba, or of a file of one's own, held out; Multi30k has its own split.
    validation_sentences: int = 1500
    test_sentences: int = 1500
    # Longer training pairs are left out: a few of Tatoeba's are essays.
    max_characters: int = 200
    # Share of the training pairs of Tatoeba, or of one's own, that are also read without the sign
    # that ends the text: people leave it out, the data hardly ever does.
    unmarked: float = 0.0
    # Sentences to train on at most, drawn evenly; None: all.
    train_sentences: int | None = None
    vocabulary_size: int = 5000
    # A text means the same with full-width letters and digits: NFKC. A translation is written with
    # the signs of its language, full-width marks in Chinese: NFC.
    source_form: str = "NFKC"
    target_form: str = "NFC"
    units: int = 256
    embedding_dim: int = 256
    encoder_layers: int = 1
    decoder_layers: int = 1
    bidirectional: bool = True
    cell: str = "gru"
    bridge: str = "dense"
    # A kind of `zoo.attention.names()`; "none": one context for all steps, by `n_to_m`. "dot" needs
    # bidirectional=false.
    attention: str = "additive"
    attention_units: int = 256
    query: str = "current"
    input_feeding: bool = False
    # "token" and "maxout" let the output read the token before, as Bahdanau et al. 2014 do.
    output_head: str = "plain"
    # One matrix for the target embedding and the output: fewer weights, and no worse.
    tie_embeddings: bool = True
    dropout: float = 0.4
    label_smoothing: float = 0.1
    batch_size: int = 128
    epochs: float = 14.0
    learning_rate: float = 2e-3
    warmup_steps: int = 400
    clip_norm: float = 2.0
    ema_momentum: float | None = 0.998
    beam_width: int = 6
    num_results: int = 3
    length_penalty: float = 1.0


@register
class Translation(TextToTextRecipe):
    name = "translation"
    title = "Translation: German, French or Chinese to English, and back"
    topology = "attention_n_to_m"
    datasets = ("multi30k", "tatoeba-fra-eng", "tatoeba-cmn-eng")
    metric = "bleu"
    lower_is_better = False
    published = (
        Published(
            "LSTM",
            "13.8 BLEU",
            "multi30k",
            "test, German to English",
            "bentrevett notebooks; lower-cased tokens",
        ),
        Published(
            "GRU",
            "20.6 BLEU",
            "multi30k",
            "test, German to English",
            "bentrevett notebooks; lower-cased tokens",
        ),
        Published(
            "bi-GRU, additive attention",
            "28.3 BLEU",
            "multi30k",
            "test, German to English",
            "bentrevett notebooks; lower-cased tokens",
        ),
    )
    own_data = (
        "a UTF-8 text file, text<TAB>translation a line; a text with several translations has "
        "several lines"
    )
    example = "Ein Hund läuft durch den Schnee."
    settings = Settings()
    tokens_name = "pieces"
    search_space = (
        Parameter("units", choices=(192, 256, 320)),
        Parameter("dropout", low=0.2, high=0.6),
        Parameter("learning_rate", low=5e-4, high=4e-3, log=True),
        Parameter("label_smoothing", choices=(0.0, 0.1, 0.2)),
        Parameter("vocabulary_size", choices=(3000, 5000, 8000)),
    )

    def published_for(self, settings):
        # They are of German to English alone.
        return () if settings.reverse else super().published_for(settings)

    # Data ----------------------------------------------------------------------------------

    def read(self, settings, data, split):
        if data is None and settings.dataset == "multi30k":
            files = [f"raw/{MULTI30K[split]}.{language}.gz" for language in ("de", "en")]
            paths = datasets.fetch(settings.dataset, files)
            pairs = multi30k.read_parallel(*(paths[file] for file in files))
        elif data is None:
            (path,) = datasets.fetch(settings.dataset).values()
            pairs = [(other, english) for english, other in tatoeba.read_pairs(path)]
        else:
            pairs = read_table(data, ("text", "translation"))
        if settings.reverse:
            pairs = [(target, source) for source, target in pairs]
        pairs = _one_writing(pairs, settings, data)
        if data is None and settings.dataset == "multi30k":
            # As published: a pair stays a pair, even where a sentence comes twice.
            examples = [(source, [target]) for source, target in pairs]
            return some(examples, settings.train_sentences) if split == "train" else examples
        sizes = {"validation": settings.validation_sentences, "test": settings.test_sentences}
        groups = held_out(connected(pairs), split, sizes, "sentences")
        examples = [example for group in groups for example in group]
        if split != "train":
            return examples
        longest = settings.max_characters
        short = [one for one in examples if max(map(len, (one[0], *one[1]))) <= longest]
        chosen = some(short, settings.train_sentences)
        unmarked = math.ceil(settings.unmarked * len(chosen))
        return chosen + _without_end_marks(some(chosen, unmarked) if unmarked else [])

    def prepare(self, settings, examples):
        pairs = _pairs(examples)
        forms = {"source_form": settings.source_form, "target_form": settings.target_form}
        vocabularies = []
        for form, texts in zip(forms.values(), zip(*pairs, strict=True), strict=True):
            read = zoo.text.Normalizer(form).normalize_all(texts)
            vocabularies.append(
                zoo.text.Vocabulary(zoo.text.learn_pieces(read, settings.vocabulary_size))
            )
        assets = PairAssets(*vocabularies, "subwords", "subwords", max_length=2, **forms)
        _, lengths = self.encoded(assets, pairs)
        # Room for sentences longer than nearly all in training.
        longest = int(np.quantile(lengths[:, 0], 0.999)) + 10
        return dataclasses.replace(assets, max_length=longest)

    def example_for(self, settings):
        if settings.reverse:
            return "A dog runs through the snow."
        examples = {
            "tatoeba-fra-eng": "Un chien court dans la neige.",
            "tatoeba-cmn-eng": "我爱中国",
        }
        return examples.get(settings.dataset, self.example)

    # Model and objective -------------------------------------------------------------------

    def build(self, settings, assets):
        return self.attention_model(settings, assets)

    def columns(self, assets, examples):
        return self.encoded(assets, _pairs(examples))

    # How it is measured --------------------------------------------------------------------

    def objective(self, settings):
        loss = zoo.training.token_cross_entropy(settings.label_smoothing)
        return {"loss": {"logits": loss}, "metrics": {"logits": [zoo.training.TokenNats()]}}

    def measure(self, settings, answers, examples):
        sources = [source for source, _ in examples]
        references = [targets for _, targets in examples]
        metrics = {"sentences": len(sources)}
        for signature, suffix in (("serving_default", ""), ("greedy", "_greedy")):
            said = [""] * len(sources)
            asked = answered(answers, sources, lambda part: {"text": part}, signature)
            for row, answer in asked:
                said[row] = answer["text"].decode()
            scores = translation_scores(said, references)
            metrics[f"bleu{suffix}"] = scores["bleu"]
            metrics[f"chrf{suffix}"] = scores["chrf"]
            metrics[f"bleu_lowered_tokens{suffix}"] = bleu_of_lowered_tokens(said, references)
        return metrics

    def baselines(self, settings, train, examples):
        found = nearest_texts([source for source, _ in train], [source for source, _ in examples])
        said = [train[row][1][0] for row in found]
        references = [targets for _, targets in examples]
        scores = translation_scores(said, references)
        scores["bleu_lowered_tokens"] = bleu_of_lowered_tokens(said, references)
        return {"translation of the nearest training sentence": scores}

    def samples(self, examples, count):
        chosen = np.random.default_rng(0).choice(len(examples), min(count, len(examples)), False)
        return [(examples[i][0], " / ".join(examples[i][1])) for i in sorted(chosen)]


def connected(pairs: list[tuple[str, str]]) -> list[list[tuple[str, list[str]]]]:
    """Groups translations so that no sentence of either language stands in two groups.

    Args:
        pairs: (source, target); a sentence may stand in many.

    Returns:
        Groups of (source, its translations), in the order of their first pair.
    """
    parent: dict[tuple[str, int], tuple[str, int]] = {}

    def root(sentence):
        parent.setdefault(sentence, sentence)
        while parent[sentence] != sentence:
            parent[sentence] = parent[parent[sentence]]
            sentence = parent[sentence]
        return sentence

    for source, target in pairs:
        parent[root((target, 1))] = root((source, 0))
    groups: dict[tuple[str, int], dict[str, list[str]]] = {}
    for source, target in pairs:
        targets = groups.setdefault(root((source, 0)), {}).setdefault(source, [])
        if target not in targets:
            targets.append(target)
    return [list(group.items()) for group in groups.values()]


def _pairs(examples):
    return [(source, target) for source, targets in examples for target in targets]


def _without_end_marks(examples):
    shorter = [(source.rstrip(END_MARKS), targets) for source, targets in examples]
    return [new for new, old in zip(shorter, examples, strict=True) if new[0] and new[0] != old[0]]


def _one_writing(pairs, settings, data) -> list[tuple[str, str]]:
    """Gives two writings of one sentence the same letters, so that they stay in one split."""
    if data is None:
        # As the published splits are: what the model reads is normalised by its front.
        composed = [[unicodedata.normalize("NFC", text) for text in pair] for pair in pairs]
        return [(source, target) for source, target in composed]
    sources, targets = zip(*pairs, strict=True)
    return list(
        zip(
            zoo.text.Normalizer(settings.source_form).normalize_all(sources),
            zoo.text.Normalizer(settings.target_form).normalize_all(targets),
            strict=True,
        )
    )
