"""The conversation core: knows no platform and no database."""
