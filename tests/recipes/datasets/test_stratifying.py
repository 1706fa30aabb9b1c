"""Cutting labelled texts into splits."""

from collections import Counter

import numpy as np

from recipes.datasets.stratifying import stratified

SHARES = {"validation": 0.1, "test": 0.2}
SPLITS = ("train", *SHARES)


def cut(rows):
    return {name: stratified(rows, name, SHARES) for name in SPLITS}


def test_every_row_is_in_one_split_and_labels_keep_their_shares():
    sizes = {"a": 400, "b": 100, "c": 20}
    rows = [(f"{label}{i}", label) for label, size in sizes.items() for i in range(size)]
    found = cut(rows)
    assert sorted(row for part in found.values() for row in part) == sorted(rows)
    for name, share in SHARES.items():
        counts = Counter(label for _, label in found[name])
        assert counts == {label: round(share * size) for label, size in sizes.items()}


def test_rare_labels_make_up_the_share_together():
    rows = [(f"text {i}", f"label {i // 3}") for i in range(90)]
    found = cut(rows)
    assert len(found["validation"]) == 9
    assert len(found["test"]) == 18
    assert {label for _, label in found["train"]} == {label for _, label in rows}


def test_a_text_of_several_labels_is_in_one_split():
    random = np.random.default_rng(0)
    rows = sorted({(f"t{i % 60}", str(random.integers(4))) for i in range(200)})
    found = cut(rows)
    texts = [{text for text, _ in part} for part in found.values()]
    assert len(set.union(*texts)) == sum(map(len, texts)) == 60


def test_the_cut_is_a_function_of_the_rows():
    rows = [(f"text {i}", str(i % 3)) for i in range(50)]
    assert cut(rows) == cut(list(rows))
    other = stratified(rows, "test", SHARES, seed=1)
    assert other != stratified(rows, "test", SHARES)
