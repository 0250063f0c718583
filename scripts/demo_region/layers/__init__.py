"""The same region in the form the layers have it."""
