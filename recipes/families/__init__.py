"""What recipes of one kind share: data to columns, the model's signatures, measuring, showing."""
