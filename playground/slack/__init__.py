"""A Slack on this machine: its Web API, its events and its people."""
