"""Pictures on a matplotlib figure: curves, alignments, tags, forecasts, sound."""
