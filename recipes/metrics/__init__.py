"""Measures that published numbers use, by the libraries that the field uses."""
