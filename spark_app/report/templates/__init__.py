"""The templates; see rendering.py."""
