"""What a model exports: text in, tags out; waveform in, text out; one file a signature module."""

from zoo.signatures.chords_to_chord import ChordsToChord as ChordsToChord
from zoo.signatures.clip_to_label import ClipToLabel as ClipToLabel
from zoo.signatures.forecaster import Forecaster as Forecaster
from zoo.signatures.frames_to_labels import FramesToLabels as FramesToLabels
from zoo.signatures.gap_filler import GapFiller as GapFiller
from zoo.signatures.graph_function import graph_function as graph_function
from zoo.signatures.image_to_label import ImageToLabel as ImageToLabel
from zoo.signatures.image_to_text import ImageToText as ImageToText
from zoo.signatures.label_to_text import LabelToText as LabelToText
from zoo.signatures.label_to_waveform import LabelToWaveform as LabelToWaveform
from zoo.signatures.language_model import LanguageModel as LanguageModel
from zoo.signatures.sentence_vectors import SentenceVectors as SentenceVectors
from zoo.signatures.story_to_answer import StoryToAnswer as StoryToAnswer
from zoo.signatures.text_to_label import TextToLabel as TextToLabel
from zoo.signatures.text_to_tags import TextToTags as TextToTags
from zoo.signatures.text_to_text import TextToText as TextToText
from zoo.signatures.verse_writer import VerseWriter as VerseWriter
from zoo.signatures.waveform_to_label import WaveformToLabel as WaveformToLabel
from zoo.signatures.waveform_to_text import WaveformToText as WaveformToText
