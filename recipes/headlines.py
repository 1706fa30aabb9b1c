"""Headlines of news: attention N to M that can copy words of the text."""

import dataclasses

import numpy as np

import zoo
from recipes import datasets
from recipes.datasets.ag_news import read_news
from recipes.datasets.splitting import held_out
from recipes.datasets.table import read_table
from recipes.families.forcing import ForcingSettings
from recipes.families.text_to_text import PairAssets, TextToTextRecipe, some
from recipes.metrics.answers import answered
from recipes.metrics.summaries import rouge
from recipes.recipe import Shown, register
from zoo.deferred import tf
from zoo.errors import InputError
from zoo.tuning import Parameter


@dataclasses.dataclass(frozen=True)
class Settings(ForcingSettings):
    """Settings of headlines, with the reason beside each value."""

    dataset: str = "ag-news"
    validation_items: int = 500
    test_items: int = 500
    # What a headline names, its text says in the first lines.
    max_words: int = 50
    # Items to train on at most, drawn evenly; None: all.
    train_items: int | None = None
    vocabulary_size: int = 5000
    units: int = 160
    embedding_dim: int = 100
    encoder_layers: int = 1
    decoder_layers: int = 1
    bidirectional: bool = True
    cell: str = "lstm"
    bridge: str = "dense"
    # Most words of a headline stand in its text, and many of its names in no vocabulary.
    copying: bool = True
    # A kind of `zoo.attention.names()`; "none": one context for all steps, by `n_to_m`. "dot" needs
    # bidirectional=false; "hard" and "none" have no weights to copy by and need copying=false.
    attention: str = "additive"
    attention_units: int = 128
    query: str = "current"
    input_feeding: bool = False
    # "token" and "maxout" let the output read the token before, as Bahdanau et al. 2014 do.
    output_head: str = "plain"
    dropout: float = 0.4
    label_smoothing: float = 0.0
    batch_size: int = 32
    epochs: float = 14.0
    learning_rate: float = 1.5e-3
    warmup_steps: int = 200
    clip_norm: float = 2.0
    ema_momentum: float | None = 0.995
    beam_width: int = 6
    num_results: int = 3
    length_penalty: float = 1.0
    # Beam search says no n words a second time; 0: it may. Left to itself, it copies names twice.
    no_repeat_ngram: int = 1
    max_length: int = 24
    # A title says the text's own words, so both are read in the same form; a news agency's
    # ligatures and full-width letters mean what plain ones mean: NFKC.
    unicode_form: str = "NFKC"


@dataclasses.dataclass(frozen=True)
class HeadlineAssets(PairAssets):
    """The one vocabulary of text and title, and whether words of the text are copied."""

    copying: bool = True


@register
class Headlines(TextToTextRecipe):
    name = "headlines"
    title = "Headlines of news items, with words copied from the text"
    topology = "attention_n_to_m"
    datasets = ("ag-news",)
    metric = "rouge1"
    lower_is_better = False
    own_data = "a UTF-8 text file, text<TAB>headline a line"
    example = (
        "Oil prices fell on Monday after the storm spared most refineries along the Gulf coast, "
        "traders said."
    )
    settings = Settings()
    assets = HeadlineAssets
    tokens_name = "words"
    search_space = (
        Parameter("units", choices=(96, 128, 160)),
        Parameter("dropout", low=0.2, high=0.6),
        Parameter("learning_rate", low=5e-4, high=4e-3, log=True),
        Parameter("vocabulary_size", choices=(3000, 5000, 8000)),
    )

    # Data ----------------------------------------------------------------------------------

    def read(self, settings, data, split):
        if data is None:
            (path,) = datasets.fetch(settings.dataset, ["test.csv"]).values()
            pairs = [(item.description, item.title) for item in read_news(path)]
        else:
            pairs = read_table(data, ("text", "headline"))
        # The same text comes with several titles, now and then: it stays in one split.
        grouped = {}
        for text, title in pairs:
            grouped.setdefault(text, title)
        sizes = {"validation": settings.validation_items, "test": settings.test_items}
        found = held_out(list(grouped.items()), split, sizes, "items")
        found = some(found, settings.train_items) if split == "train" else found
        return [(" ".join(text.split()[: settings.max_words]), title) for text, title in found]

    def prepare(self, settings, examples):
        front = zoo.text.TextFront(
            zoo.text.Normalizer(settings.unicode_form, True),
            zoo.text.tokenizers.get("marked_words"),
        )
        texts, titles = zip(*examples, strict=True)
        # One vocabulary: a word means the same in the text and in the title.
        words = zoo.text.Vocabulary.build(
            [*front.split_texts(texts), *front.split_texts(titles)],
            max_size=settings.vocabulary_size,
        )
        return HeadlineAssets(
            words,
            words,
            "marked_words",
            "marked_words",
            max_length=settings.max_length,
            lower_case=True,
            lower_target=True,
            source_form=settings.unicode_form,
            target_form=settings.unicode_form,
            copying=settings.copying,
        )

    # Model and objective -------------------------------------------------------------------

    def build(self, settings, assets):
        if settings.copying and settings.attention in ("hard", "none"):
            raise InputError(
                f"attention {settings.attention!r} has no weights to copy words by; add "
                "--set copying=false"
            )
        return self.attention_model(settings, assets)

    def columns(self, assets, examples):
        columns, lengths = self.encoded(assets, examples)
        if not assets.copying:
            return columns, lengths
        texts, titles = (list(side) for side in zip(*examples, strict=True))
        extended = zoo.text.ExtendedVocabulary(assets.target)
        copies, targets = [], []
        for start in range(0, len(examples), 256):
            source, target = (
                front.split(tf.constant(side[start : start + 256]))
                for front, side in ((assets.cut_source, texts), (assets.cut_target, titles))
            )
            copies.append(extended.copy_ids(source))
            targets.append(extended.ids(target, source))
        columns["copy_ids"] = tf.concat(copies, 0)
        columns["extended"] = tf.concat(targets, 0)
        return columns, lengths

    def features(self, columns):
        inputs, targets = super().features(columns)
        if "extended" not in columns:
            return inputs, targets
        inputs["copy_ids"] = columns["copy_ids"].to_tensor()
        _, targets = super().features({**columns, "target": columns["extended"]})
        # A word that neither the vocabulary nor the text has teaches nothing.
        wanted = targets["logits"]
        return inputs, {"logits": tf.where(wanted == zoo.text.UNKNOWN_ID, zoo.text.PAD_ID, wanted)}

    def objective(self, settings):
        if settings.copying:
            size = settings.vocabulary_size + len(zoo.text.SPECIAL)
            loss = zoo.training.extended_cross_entropy(size, settings.label_smoothing)
        else:
            loss = zoo.training.token_cross_entropy(settings.label_smoothing)
        return {"loss": {"logits": loss}, "metrics": {"logits": [zoo.training.TokenNats()]}}

    def module(self, settings, assets, model):
        return super().module(settings, assets, model, settings.no_repeat_ngram)

    def pieces(self, text):
        return zoo.text.tokenizers.get("marked_words").split_text(text)

    # How it is measured --------------------------------------------------------------------

    def measure(self, settings, answers, examples):
        texts = [text for text, _ in examples]
        metrics = {"items": len(texts)}
        for signature, suffix in (("serving_default", ""), ("greedy", "_greedy")):
            said = [""] * len(texts)
            asked = answered(answers, texts, lambda part: {"text": part}, signature, batch_size=64)
            for row, answer in asked:
                said[row] = answer["text"].decode()
            scores = rouge(said, [title for _, title in examples])
            metrics |= {f"{kind}{suffix}": value for kind, value in scores.items()}
        words = [
            (word, text.lower())
            for one, text in zip(said, texts, strict=True)
            for word in one.split()
        ]
        metrics["copied_share"] = float(np.mean([word in text for word, text in words] or [0.0]))
        return metrics

    def measure_against(self, settings, answers, train, examples):
        heard = {word for pair in train for text in pair for word in text.lower().split()}
        said = []
        for _, answer in answered(
            answers, [text for text, _ in examples], lambda part: {"text": part}, "greedy"
        ):
            said += answer["text"].decode().split()
        return {"unheard_share": float(np.mean([word not in heard for word in said] or [0.0]))}

    def baselines(self, settings, train, examples):
        """The first words of the text, as many as a title has in the mean."""
        count = round(np.mean([len(title.split()) for _, title in train]))
        said = [" ".join(text.split()[:count]) for text, _ in examples]
        return {f"first {count} words of the text": rouge(said, [title for _, title in examples])}

    def warmup(self):
        requests = dict(super().warmup())
        ids = requests["token_ids"]
        requests["token_ids"] = {**ids, "copy_ids": ids["source"]}
        return list(requests.items())

    def show(self, answers, examples, count):
        chosen = examples[:12]
        said = self.says(answers(text=[text for text, _ in chosen]))
        return [
            # Half of the title's words, stemmed, and in any order: a headline that will do.
            Shown(text, one, title, rouge([one], [title])["rouge1"] >= 50)
            for (text, title), one in zip(chosen, said, strict=True)
        ]
