"""Normalizer, tokenizers and vocabularies that run inside the graph."""

from zoo.text.front import TextFront as TextFront
from zoo.text.normalizer import Normalizer as Normalizer
from zoo.text.teacher import fed_and_wanted as fed_and_wanted
from zoo.text.tokenizers import Tokenizer as Tokenizer
from zoo.text.tokenizers import tokenizers as tokenizers
from zoo.text.vocabulary import PAD_ID as PAD_ID
from zoo.text.vocabulary import SPECIAL as SPECIAL
from zoo.text.vocabulary import START_ID as START_ID
from zoo.text.vocabulary import STOP_ID as STOP_ID
from zoo.text.vocabulary import UNKNOWN_ID as UNKNOWN_ID
from zoo.text.vocabulary import Vocabulary as Vocabulary
from zoo.text.word_pieces import WordPieces as WordPieces
from zoo.text.word_vectors import Coverage as Coverage
from zoo.text.word_vectors import WordVectors as WordVectors
