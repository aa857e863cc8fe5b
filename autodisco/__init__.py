"""autodisco discovers polymer electrolytes without a person in the loop."""

__version__ = "0.2.0"
