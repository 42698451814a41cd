"""A fleet with known truth, to hold the recording rules against. Shares no code with them."""
