"""Local stand-ins and the page on which a newcomer talks to the bot."""
