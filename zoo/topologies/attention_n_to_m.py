"""N to M with attention: an encoder, a bridge, and a decoder that looks back at every step."""

from typing import Any

import keras

from zoo.checks import check_counts, check_share
from zoo.errors import InputError
from zoo.recurrence.stack import RecurrentStack
from zoo.topologies.attention_decoder import AttentionDecoder
from zoo.topologies.bridge import Bridge
from zoo.topologies.cell_places import share_out
from zoo.topologies.embeddings import start_from, token_embedding
from zoo.topologies.encoder_decoder import encoder_decoder, source_encoder
from zoo.topologies.registry import builder


@builder("attention_n_to_m")
def attention_n_to_m(
    source_vocabulary_size: int | None,
    target_vocabulary_size: int,
    units: int = 128,
    embedding_dim: int = 64,
    cell: Any = "lstm",
    encoder_layers: int = 1,
    decoder_layers: int = 1,
    bidirectional: bool = True,
    bridge: str = "dense",
    attention: str = "additive",
    attention_units: int | None = None,
    query: str = "current",
    input_feeding: bool = False,
    output_head: str = "plain",
    copying: bool = False,
    share_embedding: bool = False,
    tie_embeddings: bool = False,
    dropout: float = 0.0,
    word_vectors: Any = None,
    train_embedding: bool = True,
    target_word_vectors: Any = None,
    train_target_embedding: bool = True,
    num_features: int | None = None,
) -> keras.Model:
    """Builds an encoder-decoder with attention: tokens, or features of each step, to tokens.

    Which settings are which paper:

        Bahdanau et al. 2014   query "previous", output_head "maxout", attention "additive", cell
                               "tf_gru" (one layer, two directions): y_i of s_i, c_i and y_{i-1}.
                               The paper starts the decoder from the backward state alone; bridge
                               "dense" reads both directions.
        Luong et al. 2015      query "current", output_head "plain", input_feeding True,
                               bidirectional False, bridge "copy", attention "dot", "general",
                               "concat" or a local one

    Args:
        source_vocabulary_size, target_vocabulary_size: Numbers of token ids. The source's is None
            where its steps are features, such as frames of speech.
        units: Width of a cell, in each direction.
        embedding_dim: Width of the token embeddings.
        cell: A cell's registered name, or a list with a cell object for each layer and direction:
            the encoder's, then the decoder's.
        encoder_layers, decoder_layers: At least as many encoder as decoder layers.
        bidirectional: Whether the encoder reads both ways.
        bridge: "dense", "copy" or "zero": how the decoder's first state comes about.
        attention, attention_units, query, input_feeding, output_head: See `AttentionDecoder`.
        copying: Whether words of the source can be copied, those too that the target vocabulary
            lacks; see below.
        share_embedding: Whether source and target, of one vocabulary, have one embedding.
        tie_embeddings: Whether the output's matrix is that of the target embedding.
        dropout: Share dropped of embeddings, between layers and before the output, in training.
        word_vectors, train_embedding: settings of the embedding of the source; see
            `token_embedding`.
        target_word_vectors, train_target_embedding: The same of the target.
        num_features: Numbers of a source step, in place of a token.

    Returns:
        A functional model. Inputs: `source` int [B, N], or float [B, N, num_features], and
        `source_length` int [B]; `target` int
        [B, M], the tokens fed to the decoder under teacher forcing. Outputs: `logits` [B, M, V],
        V the target_vocabulary_size, and `alignment` [B, M, N], zero on padding. Its layers
        "encoder" (a functional model: source, source_length -> memory, mask, cells) and "decoder"
        (an `AttentionDecoder`) are what decoding uses; `start_decoding` joins them.

        With copying there is one more input, `copy_ids` int [B, N]: what a copy of each source
        word is as a target token. That is its id where the target vocabulary holds the word
        (whatever the source vocabulary says; the two may be one), and V + k where it does not, k
        being the position at which the word first stands in the source: 0 for the first word. The
        `logits` are then log-probabilities [B, M, V + N] over these extended ids, labels are given
        in them, and extended ids may be fed as `target`. `zoo.text.extended_vocabulary` makes all
        of them of strings and turns them back.

    Raises:
        InputError: an unknown cell, attention, bridge, query or output head, copying with attention
            "hard", or numbers or word vectors that do not fit.

    Example:

    >>> model = attention_n_to_m(9, 7, units=8, copying=True)
    >>> model({"source": np.ones([2, 4]), "source_length": np.array([4, 0]),
    ...        "copy_ids": np.array([[4, 8, 8, 5]] * 2), "target": np.ones([2, 5])})["logits"].shape
    TensorShape([2, 5, 11])
    """
    if (source_vocabulary_size is None) == (num_features is None):
        raise InputError(
            "give source_vocabulary_size (for tokens) or num_features (for numbers), one of them"
        )
    given = {"num_features": num_features}
    if num_features is None:
        given = {"source_vocabulary_size": source_vocabulary_size}
    check_counts(
        **given,
        target_vocabulary_size=target_vocabulary_size,
        units=units,
        embedding_dim=embedding_dim,
        encoder_layers=encoder_layers,
        decoder_layers=decoder_layers,
    )
    check_share("dropout", dropout)
    tokens = None
    if source_vocabulary_size is not None:
        tokens = token_embedding(
            source_vocabulary_size,
            embedding_dim,
            word_vectors=word_vectors,
            train_embedding=train_embedding,
            tied=share_embedding and tie_embeddings,
        )
    elif copying or share_embedding or word_vectors is not None or not train_embedding:
        raise InputError(
            "copying, share_embedding, word_vectors and train_embedding go with source tokens; "
            "num_features has none"
        )
    if share_embedding:
        _check_shared(source_vocabulary_size, target_vocabulary_size, target_word_vectors)
    directions = 2 if bidirectional else 1
    cells = share_out(cell, encoder=encoder_layers * directions, decoder=decoder_layers)
    decoder = AttentionDecoder(
        target_vocabulary_size,
        units,
        embedding_dim,
        cell=cells["decoder"],
        num_layers=decoder_layers,
        attention=attention,
        attention_units=attention_units,
        query=query,
        input_feeding=input_feeding,
        output_head=output_head,
        copying=copying,
        tie_embeddings=tie_embeddings,
        train_embedding=train_target_embedding,
        dropout=dropout,
        embedding=tokens if share_embedding else None,
        name="decoder",
    )
    if not share_embedding:
        start_from(decoder.embedding, target_word_vectors, train_target_embedding, "target_")
    recurrence = RecurrentStack(
        cells["encoder"],
        units,
        encoder_layers,
        bidirectional=bidirectional,
        dropout=dropout,
        name="recurrence",
    )
    encoder = source_encoder(
        tokens,
        recurrence,
        Bridge(bridge, decoder.stack.state_widths, name="bridge"),
        num_features,
    )
    return encoder_decoder(encoder, decoder, "attention_n_to_m")


def _check_shared(source_size, target_size, target_word_vectors):
    if source_size != target_size:
        raise InputError(
            f"share_embedding needs one vocabulary; source_vocabulary_size is {source_size} and "
            f"target_vocabulary_size {target_size}"
        )
    if target_word_vectors is not None:
        raise InputError(
            "with share_embedding there is one embedding: give word_vectors, not "
            "target_word_vectors"
        )
