"""One module per verb of the obod command: parse, call, print."""
