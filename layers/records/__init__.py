"""What Obod remembers beside layers: loads, runs, results, publications; which rows are those of a run."""
