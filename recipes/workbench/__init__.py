"""What can be done with any recipe: run, tune, compare, export, card, plot, list, results."""
