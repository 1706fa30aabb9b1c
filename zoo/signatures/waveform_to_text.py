"""Sound in, text out: log-mel frames, an encoder-decoder and its beam search inside the graph."""

import keras
import tensorflow as tf

from zoo.audio.resampling import resample
from zoo.decoding import beam_search, greedy_search
from zoo.decoding.beam import check_search
from zoo.decoding.beam_step import beam_step
from zoo.signatures.graph_function import graph_function
from zoo.signatures.signature_module import Setting, SignatureModule
from zoo.signatures.waveform_to_label import decoded_wav
from zoo.text import PAD_ID, START_ID, STOP_ID, UNKNOWN_ID, Tokenizer, Vocabulary

# The longest text that a caller can ask for.
MOST_WORDS = 256


class WaveformToText(SignatureModule):
    """What a recogniser of speech exports: samples or WAV files in, words out.

    `serving_default` takes `wav`, the bytes of WAV files with 16 bits a sample, each with its own
    rate and length. `waveform` takes padded samples with their lengths; `greedy` does too and has
    no beam. `with_settings` takes WAV files and `max_length`, `waveform_with_settings` samples,
    `max_length` and the sampling rate: other rates than the model's are brought to it inside the
    graph. All answer with `text`, its `score`, `alignment` [B, M, N] of words to frames,
    `num_frames` and `log_mel`; where there is a beam, with `n_best` and `n_best_scores` too. A row
    without a sound is answered with an empty text.

    Args:
        model: Functional, from `waveform` [B, S], `length` [B] and `target`. It has a layer
            "log_mel" and a layer "attention_n_to_m" that reads its frames.
        vocabulary: vocabulary of the words.
        tokenizer: How text is joined.
        sample_rate: The model's, in samples a second.
        beam_width: Hypotheses kept a row.
        num_results: How many of them are returned, at most `beam_width`.
        length_penalty: Exponent of the length normalisation (Wu et al. 2016).
        max_length: Default for the largest number of words.
    """

    def __init__(
        self,
        model: keras.Model,
        vocabulary: Vocabulary,
        tokenizer: Tokenizer,
        sample_rate: int,
        *,
        beam_width: int = 4,
        num_results: int = 3,
        length_penalty: float = 0.0,
        max_length: int = 12,
    ):
        check_search(beam_width, num_results)
        super().__init__("waveform_to_text", model.variables, vocabulary=vocabulary)
        log_mel, reader = model.get_layer("log_mel"), model.get_layer("attention_n_to_m")
        encoder, decoder = reader.get_layer("encoder"), reader.get_layer("decoder")
        sound_specs = [
            tf.TensorSpec([None, None], tf.float32, name="waveform"),
            tf.TensorSpec([None], tf.int32, name="length"),
        ]
        limit = Setting("max_length", max_length, tf.int32, 0, MOST_WORDS)
        rate = Setting("sample_rate", sample_rate, tf.int32)

        @graph_function(input_signature=[*sound_specs, rate.spec])
        def heard(waveform, length, rate):
            waveform, length = resample(waveform, length, rate, sample_rate)
            loud = tf.sequence_mask(length, tf.shape(waveform)[1]) & (waveform != 0)
            frames, count = log_mel(waveform, length)
            return frames, tf.where(tf.reduce_any(loud, 1), count, 0)

        def step(tokens, state, memory):
            return decoder.step(tokens, state, memory, training=False)

        search = {
            "start_id": START_ID,
            "stop_id": STOP_ID,
            "forbidden_ids": (PAD_ID, UNKNOWN_ID, START_ID),
            "record": lambda state: state.alignment,
        }

        def started(frames, count, max_length):
            encoded = encoder({"source": frames, "source_length": count}, training=False)
            memory = decoder.prepare(encoded["memory"], encoded["mask"])
            start = decoder.get_initial_state(encoded["cells"], memory), memory
            # Nothing is said where nothing is heard.
            return start, {**search, "max_length": tf.where(count > 0, max_length, 0)}

        def join(ids, lengths):
            words = tf.RaggedTensor.from_tensor(ids, lengths)
            return tokenizer.join(vocabulary.strings(words))

        @graph_function(input_signature=[*sound_specs, rate.spec, limit.spec])
        def best(waveform, length, rate, max_length):
            frames, count = heard(waveform, length, rate)
            (state, memory), settings = started(frames, count, max_length)
            found = beam_search(
                state=state,
                memory=memory,
                beam_width=beam_width,
                **beam_step(decoder, beam_width),
                num_results=num_results,
                length_penalty=length_penalty,
                **settings,
            )
            rows, width = tf.shape(found.lengths)[0], tf.shape(found.lengths)[1]
            said = join(
                tf.reshape(found.tokens, [rows * width, -1]), tf.reshape(found.lengths, [-1])
            )
            n_best = tf.reshape(said, [rows, width])
            return {
                "text": n_best[:, 0],
                "score": found.scores[:, 0],
                "n_best": n_best,
                "n_best_scores": found.scores,
                "alignment": found.record[:, 0],
                "log_mel": frames,
                "num_frames": count,
            }

        def greedy(waveform, length, sample_rate):
            frames, count = heard(waveform, length, sample_rate)
            start, settings = started(frames, count, tf.fill(tf.shape(length), max_length))
            found = greedy_search(step, *start, **settings)
            return {
                "text": join(found.tokens, found.lengths),
                "score": found.scores,
                "alignment": found.record,
                "log_mel": frames,
                "num_frames": count,
            }

        def serve(wav, max_length):
            sounds, rates = decoded_wav(wav)
            lengths = tf.cast(sounds.row_lengths(), tf.int32)
            return best(sounds.to_tensor(), lengths, rates, max_length)

        files = tf.TensorSpec([None], tf.string, name="wav")
        self.add("serving_default", serve, [files], [limit])
        self.add("waveform", best, sound_specs, [rate, limit])
        self.add("greedy", greedy, sound_specs, [rate])
