"""Glimmer beside a bare loop, measured in the same run."""
