"""``python -m runout``."""

import sys

from runout.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
