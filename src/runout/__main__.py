"""``python -m runout``."""

import sys

from runout.cli.main import main

sys.exit(main())
