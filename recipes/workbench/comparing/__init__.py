"""Variants of one recipe, fitted on the same data, seed and budget, beside each other."""
