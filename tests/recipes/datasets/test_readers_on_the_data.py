"""The readers on the public files themselves: counts that their papers or authors give."""

import os
from collections import Counter

import pytest

from recipes import datasets
from recipes.datasets import (
    ag_news,
    air_quality,
    babi,
    chorales,
    cmudict,
    conllu,
    gutenberg,
    labelled_lines,
    mnist,
    multi30k,
    name_lists,
    optical_digits,
    series,
    snips,
    spoken_digits,
    tang_poetry,
    tatoeba,
    text_corpus,
    wnut17,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not os.path.isdir(os.environ.get("ZOO_DATA", "")),
        reason="ZOO_DATA names no folder with the datasets",
    ),
]


def fetched(name, *files):
    return list(datasets.fetch(name, files or None).values())


def test_pronouncing_dictionaries():
    train, test = (
        cmudict.read_pairs(p) for p in fetched("cmudict-g014b2b", "g014b2b.train", "g014b2b.test")
    )
    words, test_words = ({word for word, _ in pairs} for pairs in (train, test))
    assert (len(train), len(words)) == (113_438, 106_837)
    assert (len(test), len(test_words)) == (12_753, 12_000) and not words & test_words
    whole = cmudict.read_pairs(*fetched("cmudict", "cmudict.dict"), strip_stress=True)
    phones = {line.split()[0] for line in fetched("cmudict", "cmudict.phones")[0].open()}
    assert {phone for _, sound in whole for phone in sound} == phones and len(phones) == 39


@pytest.mark.parametrize(("name", "count"), [("cmn", 20_294), ("fra", 142_787)])
def test_sentence_pairs(name, count):
    assert len(tatoeba.read_pairs(*fetched(f"tatoeba-{name}-eng"))) == count


@pytest.mark.parametrize(
    ("split", "count"), [("train", 29_000), ("val", 1_014), ("test_2016_flickr", 1_000)]
)
def test_captions(split, count):
    raw = multi30k.read_parallel(*fetched("multi30k", f"raw/{split}.de.gz", f"raw/{split}.en.gz"))
    form = f"tok/{split}.lc.norm.tok"
    cut = multi30k.read_parallel(*fetched("multi30k", f"{form}.de", f"{form}.en"))
    assert len(raw) == len(cut) == count


def test_treebank():
    counts = []
    for split in ("train", "dev", "test"):
        sentences = conllu.read_sentences(*fetched("ud-english-ewt", f"en_ewt-ud-{split}.conllu"))
        counts.append((len(sentences), sum(len(sentence.words) for sentence in sentences)))
        assert all(sentence.heads.count(0) == 1 for sentence in sentences)
        assert len({tag for sentence in sentences for tag in sentence.upos}) == 17
    assert counts == [(12_544, 204_577), (2_001, 25_147), (2_077, 25_094)]


def test_entities():
    files = ("wnut17train.conll", "emerging.dev.conll", "emerging.test.annotated")
    read = [wnut17.read_sentences(path) for path in fetched("wnut17", *files)]
    assert [(len(s), sum(len(words) for words, _ in s)) for s in read] == [
        (3_394, 62_730),
        (1_009, 15_733),
        (1_287, 23_394),
    ]


@pytest.mark.parametrize(("split", "count"), [("train", 13_084), ("valid", 700), ("test", 700)])
def test_commands(split, count):
    parts = ("seq.in", "seq.out", "label")
    commands = snips.read_commands(*fetched("snips", *(f"{split}/{part}" for part in parts)))
    assert len(commands) == count and len({command.intent for command in commands}) == 7


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("sst2", {"stsa.binary.train": 6_920, "stsa.binary.dev": 872, "stsa.binary.test": 1_821}),
        ("mr-polarity", {"rt-polarity.all": 10_662}),
        ("subj", {"subj.all": 10_000}),
        ("trec", {"TREC.train.all": 5_452, "TREC.test.all": 500}),
    ],
)
def test_labelled_sentences(name, counts):
    read = {f: labelled_lines.read_labelled(p, name) for f, p in datasets.fetch(name).items()}
    assert {file: len(lines) for file, lines in read.items()} == counts
    classes = set(range(len(labelled_lines.LABELS[name])))
    assert all({label for label, _ in lines} == classes for lines in read.values())
    # A wrong encoding would show as control characters.
    assert not any(0x7F <= ord(c) < 0xA0 for lines in read.values() for _, s in lines for c in s)


def test_reading_tasks():
    paths = datasets.fetch("babi-en")
    tasks = [babi.read_questions(path) for name, path in paths.items() if name.startswith("qa")]
    assert len(tasks) == 40 and all(len(questions) == 1_000 for questions in tasks)


def test_digit_images():
    for kind, count in (("train", 60_000), ("t10k", 10_000)):
        files = fetched("mnist", f"{kind}-images-idx3-ubyte", f"{kind}-labels-idx1-ubyte")
        images, labels = mnist.read_images(*files)
        assert images.shape == (count, 28, 28) and set(labels) == set(range(10))


def test_small_digit_images():
    images, digits = optical_digits.read_digits(*fetched("optical-digits"))
    assert images.shape == (1_797, 8, 8) and images.max() == 16
    # The file ships with the library that reads it too.
    loaded = pytest.importorskip("sklearn.datasets").load_digits()
    assert (loaded.images == images).all() and (loaded.target == digits).all()


def test_digit_recordings():
    recordings = [
        spoken_digits.read_recording(path) for path in fetched("free-spoken-digit-dataset")
    ]
    assert Counter(recording.is_test for recording in recordings) == {False: 2_700, True: 300}
    assert {recording.rate for recording in recordings} == {8_000}


def test_series():
    air = air_quality.read_hours(*fetched("beijing-pm25", "pollution.csv"))
    assert len(air.hours) == 43_824
    assert (~air_quality.fill_gaps(air.values["pm25"])[1]).sum() == 2_067
    assert len(series.read_series(*fetched("sunspots")).values) == 2_820
    assert series.read_series(*fetched("airline-passengers")).values[-1] == 432


def test_chorales():
    for path in fetched("jsb-chorales"):
        read = chorales.read_chorales(path)
        assert [len(read[split]) for split in chorales.SPLITS] == [229, 76, 77]
        for song in read["test"]:
            assert chorales.chords(chorales.piano_roll(song)) == song


def test_books():
    for path in fetched("gutenberg-books"):
        book = gutenberg.read_book(path)
        assert "***" not in book.splitlines()[0] and "Produced by" not in book[:500]
        assert not any(word in book for word in ("EBOOK", "www.gutenberg", "trademark"))
        cut = [gutenberg.sentences(paragraph) for paragraph in gutenberg.paragraphs(book)]
        # Nothing is lost but the space between sentences.
        letters = ("".join(part.split()) for part in (book, *map("".join, cut)))
        whole, *parts = letters
        assert 0.999 < sum(map(len, parts)) / len(whole) <= 1


def test_poems():
    poems = [p for path in fetched("chinese-poetry-tang") for p in tang_poetry.read_poems(path)]
    assert len(poems) == 10_008 + 366
    assert sum(poem.is_clean for poem in poems) > 10_000
    assert sum(poem.verse_length in (5, 7) for poem in poems) > 8_000


def test_names():
    assert len(name_lists.read_names(*fetched("names"))) == 29_494
    assert (
        len({n for _, n in name_lists.read_by_nationality(fetched("names-by-nationality"))}) == 18
    )


def test_news():
    items = ag_news.read_news(*fetched("ag-news", "test.csv"))
    assert Counter(item.topic for item in items) == dict.fromkeys(range(4), 1_900)
    assert not any("\\" in item.title + item.description for item in items)


def test_plays():
    train, held_out = text_corpus.read_corpus(*fetched("tinyshakespeare"))
    assert (len(train), len(held_out), len(set(train + held_out))) == (1_003_854, 111_540, 65)
