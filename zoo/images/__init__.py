"""Pictures inside the graph: decoding, framing, augmentation."""
