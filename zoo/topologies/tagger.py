"""N to N over words and their characters, and N to 1 beside it."""

from typing import Any

import keras

from zoo.checks import check_counts, check_share
from zoo.recurrence.stack import RecurrentStack
from zoo.topologies.cell_places import share_out
from zoo.topologies.characters import CharacterFeatures
from zoo.topologies.checked_length import CheckedLength
from zoo.topologies.crf import ConditionalRandomField
from zoo.topologies.embeddings import token_embedding
from zoo.topologies.pooling import Pooling
from zoo.topologies.registry import builder
from zoo.topologies.token_dropout import TokenDropout


@builder("tagger")
def tagger(
    num_classes: int,
    vocabulary_size: int,
    character_vocabulary_size: int,
    num_row_classes: int | None = None,
    units: int = 128,
    embedding_dim: int = 64,
    character_units: int = 32,
    character_dim: int = 24,
    cell: Any = "lstm",
    num_layers: int = 1,
    pooling: str = "attention",
    crf: bool = False,
    dropout: float = 0.0,
    token_dropout: float = 0.0,
    recurrent_weight_dropout: float = 0.0,
    word_vectors: Any = None,
    train_embedding: bool = True,
) -> keras.Model:
    """Builds a recurrence both ways over x_t = [E w_t; characters of w_t], with one output a step.

    logits_t = V [forward h_t; backward h_t] + c (Lample et al. 2016, "Neural architectures for
    named entity recognition"). It is `n_to_n` in both directions with each word's letters read as
    well, and `joint` where the row has classes of its own.

    Args:
        num_classes: K, numbers given out at every step.
        vocabulary_size, character_vocabulary_size: Numbers of word and of character ids.
        num_row_classes: C, numbers given out for a row; None: no such output.
        units: Width of a cell, in each direction.
        embedding_dim: Width of the word embeddings.
        character_units: Width of the cell that reads characters, in each direction.
        character_dim: Width of the character embeddings.
        cell: A cell's registered name, or a list with a cell object for each layer and direction:
            two for the characters, then the others.
        num_layers: Recurrent layers over words.
        pooling: "last", "mean", "max", "mean_max" or "attention", for the row's output; see
            `Pooling`.
        crf: Whether whole sequences of tags are scored, by a `ConditionalRandomField`.
        dropout: Share dropped of each layer's input and before the outputs, in training.
        token_dropout: Share of the words read as unknown in training; see `TokenDropout`.
        recurrent_weight_dropout: Share of the recurrent weights over words that is dropped in
            training; see `RecurrentStack`.
        word_vectors, train_embedding: See `token_embedding`.

    Returns:
        A functional model. Inputs: `tokens` int [B, N]; `characters` int [B, N, L], padded by 0;
        `length` int [B]. Outputs: `logits` [B, N, K]; with `num_row_classes` also `row_logits`
        [B, C]; with `crf` also `tags`, `score` and `chain`, see `ConditionalRandomField`. Logits
        past a row's length say nothing.

    Raises:
        InputError: an unknown cell or pooling, or numbers that do not fit.

    Example:

    >>> model = tagger(5, vocabulary_size=100, character_vocabulary_size=30, units=8)
    >>> given = {"tokens": np.ones([2, 3]), "characters": np.ones([2, 3, 4])}
    >>> model({**given, "length": np.array([3, 1])})["logits"].shape
    TensorShape([2, 3, 5])
    """
    check_counts(
        num_classes=num_classes,
        num_row_classes=1 if num_row_classes is None else num_row_classes,
        character_vocabulary_size=character_vocabulary_size,
        units=units,
        character_units=character_units,
        character_dim=character_dim,
        num_layers=num_layers,
    )
    check_share("dropout", dropout)
    tokens = keras.Input([None], dtype="int32", name="tokens")
    characters = keras.Input([None, None], dtype="int32", name="characters")
    length = keras.Input([], dtype="int32", name="length")
    real = CheckedLength(name="checked_length")(length, tokens)
    embedding = token_embedding(
        vocabulary_size, embedding_dim, word_vectors=word_vectors, train_embedding=train_embedding
    )
    known = TokenDropout(token_dropout, name="token_dropout")(tokens)
    cells = share_out(cell, characters_of_words=2, recurrence=2 * num_layers)
    letters = CharacterFeatures(
        character_vocabulary_size,
        character_dim,
        character_units,
        cells["characters_of_words"],
        dropout=dropout / 2,
        name="characters_of_words",
    )
    steps = keras.layers.Concatenate(name="steps")([embedding(known), letters(characters)])
    hidden, _ = RecurrentStack(
        cells["recurrence"],
        units,
        num_layers,
        bidirectional=True,
        dropout=dropout,
        recurrent_weight_dropout=recurrent_weight_dropout,
        name="recurrence",
    )(steps, real)
    dropout_layer = keras.layers.Dropout(dropout, name="dropout")
    outputs = {
        "logits": keras.layers.Dense(num_classes, name="output_projection")(dropout_layer(hidden))
    }
    if num_row_classes is not None:
        vector = Pooling(pooling, bidirectional=True, name="pooling")(hidden, real)
        outputs["row_logits"] = keras.layers.Dense(num_row_classes, name="row_projection")(
            dropout_layer(vector)
        )
    if crf:
        outputs.update(ConditionalRandomField(name="crf")(outputs["logits"], real))
    inputs = {"tokens": tokens, "characters": characters, "length": length}
    return keras.Model(inputs, outputs, name="tagger")
