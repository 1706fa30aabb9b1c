"""Sound inside the graph: waveforms to log-mel frames, other sampling rates, augmentation."""
