"""Plain methods that stand beside a network on the same data."""
