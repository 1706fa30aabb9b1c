"""Normalizer, tokenizers and vocabularies that run inside the graph."""

from zoo.text.extended_vocabulary import ExtendedVocabulary as ExtendedVocabulary
from zoo.text.front import TextFront as TextFront
from zoo.text.marked_words import cut_words as cut_words
from zoo.text.normalizer import Normalizer as Normalizer
from zoo.text.piece_learning import learn_pieces as learn_pieces
from zoo.text.sentences import split_sentences as split_sentences
from zoo.text.sentences import split_words as split_words
from zoo.text.spelling import character_ids as character_ids
from zoo.text.spelling import normal_form as normal_form
from zoo.text.spelling import word_ids as word_ids
from zoo.text.teacher import fed_and_wanted as fed_and_wanted
from zoo.text.tokenizers import Tokenizer as Tokenizer
from zoo.text.tokenizers import tokenizers as tokenizers
from zoo.text.tokenizers import treebank_compounds as treebank_compounds
from zoo.text.vocabulary import PAD_ID as PAD_ID
from zoo.text.vocabulary import SPECIAL as SPECIAL
from zoo.text.vocabulary import START_ID as START_ID
from zoo.text.vocabulary import STOP_ID as STOP_ID
from zoo.text.vocabulary import UNKNOWN as UNKNOWN
from zoo.text.vocabulary import UNKNOWN_ID as UNKNOWN_ID
from zoo.text.vocabulary import Vocabulary as Vocabulary
from zoo.text.word_pieces import WordPieces as WordPieces
from zoo.text.word_vectors import Coverage as Coverage
from zoo.text.word_vectors import WordVectors as WordVectors
