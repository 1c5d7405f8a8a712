"""Checks: declared once, run by the gate, kept in the history."""
