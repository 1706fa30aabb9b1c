"""Side by side against peers, in one run."""
