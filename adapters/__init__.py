"""Platforms: they translate and decide nothing."""
