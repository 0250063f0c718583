"""Cloud-optimised GeoTIFFs and windows of them."""
