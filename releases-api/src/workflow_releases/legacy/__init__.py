"""The first Workflow Manager's answers, so that agents of 2016 in the field go on working.

They ask for `deis-controller`, the workload's name; answers echo the name as asked. Their check-ins
carry raw facts about clusters: nothing here, or anywhere else, reads them.
"""
