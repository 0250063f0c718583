"""Who gets how much where water is short: the rules, defined once, on directed networks; figures of equity."""
