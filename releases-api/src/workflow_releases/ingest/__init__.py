"""The ingest gateway: reports of strangers -> what may reach the hosted Prometheus, or a refusal.

What belongs here: each check of a report, one step a file, in the order that `gateway` states; limits;
forwarding. What never does: storing a report, keeping a secret, logging or echoing anything that a
request said. Every step is written here and not shared with the agent, which is held to the same design.
"""
