"""Sound inside the graph: waveforms to log-mel frames, other sampling rates, augmentation."""

from zoo.audio.band_convolutions import BandConvolutions as BandConvolutions
from zoo.audio.griffin_lim import BINS as BINS
from zoo.audio.griffin_lim import STEP as STEP
from zoo.audio.griffin_lim import log_magnitudes as log_magnitudes
from zoo.audio.log_mel import LogMel as LogMel
from zoo.audio.spectrogram_masking import SpectrogramMasking as SpectrogramMasking
from zoo.audio.waveform_augmentation import WaveformAugmentation as WaveformAugmentation
