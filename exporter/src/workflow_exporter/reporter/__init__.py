"""What identifies an installation without naming it, and the report: the only thing that ever leaves.

Here belongs whatever decides what is sent, and the sending. Never any reading of the cluster, and nothing
that serves: the snapshot is all this package sees, and whoever wants to show a report is handed one.
What is imported without reporting stays small: only `remote_write` knows protobuf and snappy.
"""
