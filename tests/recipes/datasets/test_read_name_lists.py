"""Lists of names."""

from recipes.datasets.name_lists import read_by_nationality, read_names


def test_each_name_once_in_order(write):
    path = write("emma\nAbbà\r\n\n Sze\u00a0\nNovy Novy\nemma\nO'Neal")
    assert read_names(path) == ["emma", "Abbà", "Sze", "Novy Novy", "O'Neal"]


def test_the_file_is_the_nationality(write):
    paths = [write("Koo\nLee\nKoo\n", "Korean.txt"), write("Lee\n", "Chinese.txt")]
    assert read_by_nationality(paths) == [("Lee", "Chinese"), ("Koo", "Korean"), ("Lee", "Korean")]


def test_names_an_empty_file(write, told):
    told(read_names, write("\n \n"), ": no name in the file")
