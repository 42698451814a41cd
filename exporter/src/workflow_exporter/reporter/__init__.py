"""What identifies an installation without naming it. Later: the report, the only thing that may leave.

Here belongs whatever decides what could be sent. Never any reading of the cluster: the snapshot is
all this package sees.
"""
