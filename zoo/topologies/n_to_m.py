"""N to M: an encoder and a decoder with one context between them."""

from typing import Any

import keras

from zoo.checks import check_choice, check_counts, check_share
from zoo.errors import InputError
from zoo.recurrence.stack import RecurrentStack
from zoo.topologies.bridge import Bridge
from zoo.topologies.cell_places import share_out
from zoo.topologies.context_decoder import CONTEXTS, ContextDecoder
from zoo.topologies.embeddings import start_from, token_embedding
from zoo.topologies.encoder_decoder import encoder_decoder, source_encoder
from zoo.topologies.registry import builder

INJECTIONS = ("initial_state", "every_step", "both")
BRIDGES = ("dense", "copy")


@builder("n_to_m")
def n_to_m(
    source_vocabulary_size: int,
    target_vocabulary_size: int,
    units: int = 128,
    embedding_dim: int = 64,
    cell: Any = "lstm",
    encoder_layers: int = 1,
    decoder_layers: int = 1,
    bidirectional: bool = False,
    context: str = "last",
    injection: str = "initial_state",
    pooling: str = "attention",
    bridge: str = "dense",
    output_head: str = "plain",
    feedback: bool = True,
    tie_embeddings: bool = False,
    dropout: float = 0.0,
    word_vectors: Any = None,
    train_embedding: bool = True,
    target_word_vectors: Any = None,
    train_target_embedding: bool = True,
) -> keras.Model:
    """Builds an encoder-decoder without attention: 3 contexts x 3 injections.

    Which settings are which paper:

        Sutskever et al. 2014  context "last", injection "initial_state", bridge "copy", output_head
                               "plain", cell "lstm", four layers each; y_i of s_i. (The paper also
                               turns the source around: that is up to the data.)
        Cho et al. 2014        context "transform_last", injection "both", output_head "maxout",
                               cell "tf_gru": y_i of s_i, y_{i-1} and c

    Args:
        source_vocabulary_size, target_vocabulary_size: Numbers of token ids.
        units: Width of a cell, in each direction.
        embedding_dim: Width of the token embeddings.
        cell: A cell's registered name, or a list with a cell object for each layer and direction:
            the encoder's, then the decoder's.
        encoder_layers, decoder_layers: Recurrent layers.
        bidirectional: Whether the encoder reads both ways.
        context: The context c: "last" (h_N), "transform_last" (of h_N) or "transform_all" (of all
            h); see `ContextDecoder`.
        injection: c makes the decoder's "initial_state", enters "every_step", or "both".
        pooling: "mean", "max" or "attention", what "transform_all" transforms.
        bridge: How the initial state comes about with context "last", where it is made of the
            encoder's final states, layer by layer: "dense" or "copy" (see `Bridge`). The other
            contexts are vectors, and "dense" is the only way from them to a state.
        output_head: "plain", or "token" or "maxout", which read y_{i-1} and c beside s_i.
        feedback: Whether the decoder reads the token before. Without it nothing is fed back: its
            states follow from c alone, all steps can be had at once, at inference too, and `target`
            is no input but `target_length` is. Target embeddings, and what is said of them here,
            are then not there.
        tie_embeddings, dropout: See `ContextDecoder`.
        word_vectors, train_embedding: settings of the embedding of the source; see
            `token_embedding`.
        target_word_vectors, train_target_embedding: The same of the target.

    Returns:
        A functional model. Inputs: `source` int [B, N] and `source_length` int [B]; `target` int
        [B, M], the tokens fed to the decoder under teacher forcing; without feedback
        `target_length` int [B], the steps of each row, M the greatest. Output: `logits` [B, M,
        target_vocabulary_size]. Its layers "encoder" (a functional model: source, source_length
        -> memory, mask, cells) and "decoder" (a `ContextDecoder`) are what decoding uses.

    Raises:
        InputError: an unknown cell, context, injection, pooling, bridge or output head, a bridge
            that does not fit, settings of tokens where none is fed, or numbers that do not fit.

    Example:

    >>> model = n_to_m(9, 7, units=8, context="transform_all", injection="both")
    >>> model({"source": np.ones([2, 4]), "source_length": np.array([4, 0]),
    ...        "target": np.ones([2, 5])})["logits"].shape
    TensorShape([2, 5, 7])
    """
    check_counts(
        source_vocabulary_size=source_vocabulary_size,
        target_vocabulary_size=target_vocabulary_size,
        units=units,
        embedding_dim=embedding_dim,
        encoder_layers=encoder_layers,
        decoder_layers=decoder_layers,
    )
    check_share("dropout", dropout)
    check_choice("context", context, CONTEXTS)
    check_choice("injection", injection, INJECTIONS)
    check_choice("bridge", bridge, BRIDGES)
    if not feedback and (target_word_vectors is not None or not train_target_embedding):
        raise InputError(
            "feedback=False feeds no token: leave out target_word_vectors and "
            "train_target_embedding, or take feedback=True"
        )
    bridged = context == "last" and injection != "every_step"
    if bridge == "copy" and not bridged:
        raise InputError(
            "bridge 'copy' hands the encoder's last states on: it goes with context 'last' and "
            f"injection 'initial_state' or 'both', not with {context!r} and {injection!r}"
        )
    directions = 2 if bidirectional else 1
    cells = share_out(cell, encoder=encoder_layers * directions, decoder=decoder_layers)
    decoder = ContextDecoder(
        target_vocabulary_size,
        units,
        embedding_dim,
        cell=cells["decoder"],
        num_layers=decoder_layers,
        context=context,
        injection=injection,
        pooling=pooling,
        bidirectional_memory=bidirectional,
        given_cells=bridged,
        output_head=output_head,
        feedback=feedback,
        tie_embeddings=tie_embeddings,
        train_embedding=train_target_embedding,
        dropout=dropout,
        name="decoder",
    )
    if feedback:
        start_from(decoder.embedding, target_word_vectors, train_target_embedding, "target_")
    encoder = source_encoder(
        token_embedding(
            source_vocabulary_size,
            embedding_dim,
            word_vectors=word_vectors,
            train_embedding=train_embedding,
        ),
        RecurrentStack(
            cells["encoder"],
            units,
            encoder_layers,
            bidirectional=bidirectional,
            dropout=dropout,
            name="recurrence",
        ),
        Bridge(bridge if bridged else "zero", decoder.stack.state_widths, name="bridge"),
    )
    return encoder_decoder(encoder, decoder, "n_to_m")
