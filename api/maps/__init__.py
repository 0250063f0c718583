"""A map as data: style, legend, colouring, scene."""
