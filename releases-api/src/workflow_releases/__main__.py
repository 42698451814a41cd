"""`python -m workflow_releases` is the command `workflow-releases`."""

import sys

from workflow_releases.cli import main

sys.exit(main())
