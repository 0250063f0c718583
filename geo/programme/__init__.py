"""Tables about many plots or families: priority for support, and cells too small to tell."""
