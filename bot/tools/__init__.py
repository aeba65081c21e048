"""Tools that the model and the slash commands share."""
