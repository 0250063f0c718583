"""Rows as an audience may see them: properties, filters, order, pages, files."""
