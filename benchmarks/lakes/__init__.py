"""Lake tables against their contenders, on generated events."""
