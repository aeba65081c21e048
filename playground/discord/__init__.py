"""A local Discord that a real client talks to over loopback: REST, gateway, limits, faults, and people."""
