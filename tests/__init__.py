"""Tests in the order of the rooms, worlds to compute by hand, clients that ask as users do."""
