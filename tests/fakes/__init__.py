"""Small real servers that stand in for what the agent talks to."""
