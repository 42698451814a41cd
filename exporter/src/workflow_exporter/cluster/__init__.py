"""Reading a Kubernetes cluster: connection, list and watch, files that kubectl printed, extraction.

What is read is decoded to the few fields that are shown, and what the profiles do not know is
reduced to a UID on arrival. Nothing here judges; nothing here writes to a cluster.
"""
