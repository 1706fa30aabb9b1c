"""The normalizer against Python's unicodedata, and over texts that hypothesis makes up."""

import unicodedata

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.errors import InputError
from zoo.text.normalizer import Normalizer

NFC, NFKC = Normalizer("NFC"), Normalizer("NFKC")
# Letters, marks, digits and signs of many scripts, and all that is removed or replaced.
SIGNS = "aÉéßǰİΣσſﬁＡ３½…²ªﾊﾟがハ한각" + "\u0301\u0307\u030c\u093c\u0323\u3099" + "می‌کशक्षज़中我，？！"
SPACES = "\u00a0\u1680\u2002\u2009\u202f\u205f\u3000\u2028\u2029\u0085\v"
HIDDEN = "\u200b\u00ad\ufeff\u2060\u200e\u202b\u2069\u061c"
texts = st.text(
    st.one_of(st.sampled_from(SIGNS + " \n" + SPACES + HIDDEN + "\u200c\u200d👩🏽🚀❤\ufe0f"),
              st.characters(exclude_categories=["Cs", "Cn"])),
    max_size=12,
)  # fmt: skip
plain = st.text(st.sampled_from(SIGNS.replace("\u200c", "") + " \n'?"), max_size=12)
quick = settings(max_examples=20, deadline=None)


@pytest.mark.parametrize("form", ["NFC", "NFKC"])
@given(rows=st.lists(plain, min_size=1, max_size=8))
@quick
def test_the_form_is_unicodes(form, rows):
    assert Normalizer(form).normalize_all(rows) == [unicodedata.normalize(form, r) for r in rows]


@pytest.mark.parametrize(
    "one", [NFC, NFKC, NFC._replace(lower_case=True), Normalizer("NFKC", True)]
)
@given(rows=st.lists(texts, min_size=1, max_size=8))
@quick
def test_a_normal_text_is_a_fixed_point(one, rows):
    once = one.normalize_all(rows)
    assert one.normalize_all(once) == once


@pytest.mark.parametrize("one", [NFC, NFKC, Normalizer("NFKC", True)])
@given(rows=st.lists(texts, min_size=1, max_size=8), data=st.data())
@quick
def test_writings_that_look_the_same_are_the_same(one, rows, data):
    wanted = one.normalize_all(rows)
    assert one.normalize_all([unicodedata.normalize("NFD", row) for row in rows]) == wanted
    if one.form == "NFKC":
        assert one.normalize_all([unicodedata.normalize("NFKD", row) for row in rows]) == wanted
    spaced = [row.replace(" ", data.draw(st.sampled_from(SPACES))) for row in rows]
    assert one.normalize_all(spaced) == wanted
    hidden = []
    for row in rows:
        place = data.draw(st.integers(0, len(row)))
        hidden.append(row[:place] + data.draw(st.sampled_from(HIDDEN)) + row[place:])
    assert one.normalize_all(hidden) == wanted


@pytest.mark.parametrize(
    "kept",
    ["می‌روم", "क्‍ष", "র‍্য", "ශ්‍රී", "👩‍🚀", "👩🏽‍🚀", "❤️‍🔥", "👨‍👩‍👧‍👦", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "مُ‌د"],
)
def test_joiners_stay_where_they_join(kept):
    assert NFC.normalize_text(kept) == unicodedata.normalize("NFC", kept)
    assert NFKC.normalize_text(f"a {kept} b") == f"a {unicodedata.normalize('NFKC', kept)} b"


def test_joiners_that_join_nothing_go():
    assert NFC.normalize_all(["a\u200cb", "\u200dx", "e\u200d\u0301", "中\u200c\u200d文"]) == [
        "ab", "x", "é", "中文",
    ]  # fmt: skip


def test_nfkc_reads_full_width_signs_and_nfc_keeps_them():
    assert NFKC.normalize_text("我有３本书？") == "我有3本书?"
    assert NFC.normalize_text("我有３本书？") == "我有３本书？"


def test_lower_case_knows_letters_beyond_latin():
    lowered = Normalizer("NFC", lower_case=True).normalize_text("ÀÉ ΩΔΟΣ ЖЯ J\u030c")
    assert lowered == "àé ωδος жя ǰ"


def test_bytes_that_are_no_text_are_replaced_in_their_row_alone():
    rows = tf.constant([b"a\xffb", "é".encode(), b"", b"\xc3", "\u3000x".encode()])
    expected = [row.decode(errors="replace") for row in rows.numpy()]
    expected[-1] = " x"
    assert [row.decode() for row in NFC.normalize(rows).numpy()] == expected


def test_no_row_at_all():
    assert NFKC.normalize(tf.constant([], tf.string)).numpy().tolist() == []


def test_another_form_is_refused():
    with pytest.raises(InputError, match="'NFX'; expected NFC or NFKC"):
        Normalizer("NFX").normalize(tf.constant(["a"]))
