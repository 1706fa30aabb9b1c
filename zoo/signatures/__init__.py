"""What a model exports: text in, tags out; waveform in, text out; one file a signature module."""
