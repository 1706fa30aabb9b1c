"""Parallel sentences in two files."""

import gzip

from recipes.datasets.multi30k import read_parallel


def test_reads_plain_and_gzipped(write):
    german = write(gzip.compress(b"Ein Hund \nZwei\r\n", mtime=0), "de.gz")
    english = write("A dog\nTwo &apos;s", "en")
    assert read_parallel(german, english) == [("Ein Hund", "A dog"), ("Zwei", "Two &apos;s")]


def test_names_what_is_wrong(write, told):
    two, three = write("a\nb\n", "two"), write("a\nb\nc\n", "three")
    told(
        lambda path: read_parallel(three, path), two, f" has 2 line(s) and {three} has 3; expected"
    )
    gap = write("a\n \nc\n", "gap")
    told(lambda path: read_parallel(three, path), gap, " line 2: the line is empty")
    told(lambda path: read_parallel(path, two), write("", "none"), ": no sentence in the file")
