"""The GLM providers as one Model."""
