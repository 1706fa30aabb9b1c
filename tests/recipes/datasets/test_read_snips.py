"""Commands with slots and an intent, in three files."""

from recipes.datasets.snips import Command, read_commands


def test_reads_commands_whose_words_are_spaced_unevenly(write):
    words = write("add step  to me \nplay it\n", "seq.in")
    slots = write("O B-entity_name O B-playlist \nO O\n", "seq.out")
    intents = write("AddToPlaylist\nPlayMusic\n", "label")
    assert read_commands(words, slots, intents) == [
        Command(
            ("add", "step", "to", "me"), ("O", "B-entity_name", "O", "B-playlist"), "AddToPlaylist"
        ),
        Command(("play", "it"), ("O", "O"), "PlayMusic"),
    ]


def test_names_what_is_wrong(write, told):
    words, one = write("a b\nc d\n", "words"), write("X\n", "one")
    slots = write("O O\nO O O\n", "slots")
    told(lambda path: read_commands(words, path, words), slots, " line 2: 3 tags for 2 words")
    told(lambda path: read_commands(words, words, path), one, " has 1 line(s) and ")
