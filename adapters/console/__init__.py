"""The smallest adapter: an example for the next platform."""
