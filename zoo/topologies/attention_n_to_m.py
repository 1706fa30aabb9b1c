"""N to M with attention: an encoder, a bridge, and a decoder that looks back at every step."""

import keras

from zoo.recurrence.stack import RecurrentStack
from zoo.topologies.attention_decoder import AttentionDecoder
from zoo.topologies.bridge import Bridge
from zoo.topologies.encoder_decoder import encoder_decoder, token_encoder
from zoo.topologies.registry import builder
from zoo.topologies.settings import check_counts, check_share


@builder("attention_n_to_m")
def attention_n_to_m(
    source_vocabulary_size: int,
    target_vocabulary_size: int,
    units: int = 128,
    embedding_dim: int = 64,
    cell: str = "lstm",
    encoder_layers: int = 1,
    decoder_layers: int = 1,
    bidirectional: bool = True,
    bridge: str = "dense",
    attention: str = "additive",
    attention_units: int | None = None,
    query: str = "current",
    input_feeding: bool = False,
    dropout: float = 0.0,
) -> keras.Model:
    """Builds an encoder-decoder with attention over two token sequences.

    Args:
        source_vocabulary_size, target_vocabulary_size: Numbers of token ids.
        units: Width of a cell, in each direction.
        embedding_dim: Width of the token embeddings.
        cell: A cell's registered name.
        encoder_layers, decoder_layers: At least as many encoder as decoder layers.
        bidirectional: Whether the encoder reads both ways.
        bridge: "dense", "copy" or "zero": how the decoder's first state comes about.
        attention, attention_units, query, input_feeding: See `AttentionDecoder`.
        dropout: Share dropped of embeddings, between layers and before the output, in training.

    Returns:
        A functional model. Inputs: `source` int [B, N] and `source_length` int [B]; `target` int
        [B, M], the tokens fed to the decoder under teacher forcing. Outputs: `logits`
        [B, M, target_vocabulary_size] and `alignment` [B, M, N], zero on padding. Its layers
        "encoder" (a functional model: source, source_length -> memory, mask, cells) and "decoder"
        (an `AttentionDecoder`) are what decoding uses.

    Raises:
        InputError: an unknown cell, attention, bridge or query, or numbers that do not fit.
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
    decoder = AttentionDecoder(
        target_vocabulary_size,
        units,
        embedding_dim,
        cell=cell,
        num_layers=decoder_layers,
        attention=attention,
        attention_units=attention_units,
        query=query,
        input_feeding=input_feeding,
        dropout=dropout,
        name="decoder",
    )
    recurrence = RecurrentStack(
        cell,
        units,
        encoder_layers,
        bidirectional=bidirectional,
        dropout=dropout,
        name="recurrence",
    )
    encoder = token_encoder(
        keras.layers.Embedding(source_vocabulary_size, embedding_dim, name="embedding"),
        recurrence,
        Bridge(bridge, decoder.stack.state_widths, name="bridge"),
    )
    return encoder_decoder(encoder, decoder, "attention_n_to_m")
