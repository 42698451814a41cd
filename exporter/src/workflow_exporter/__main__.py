"""`python -m workflow_exporter` is `workflow-exporter`."""

from workflow_exporter.cli import main

if __name__ == "__main__":
    main()
