"""What is said of a plot, a place or a file, as data without HTML."""
