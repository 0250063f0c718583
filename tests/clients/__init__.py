"""Clients that ask as users do: a browser, a service over HTTP."""
