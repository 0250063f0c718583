"""Work on what was asked for in the background: reports, files and drafts. What is in them comes from below."""
