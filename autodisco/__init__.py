"""autodisco discovers polymer electrolytes without a person in the loop."""

__version__ = "0.1.0"
