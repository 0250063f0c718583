"""Open data of others: addresses as data, files by our own client, then the door that every file comes in by."""
