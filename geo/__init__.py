"""The science: frames in, frames out. No database, no web, no settings, no clock."""
