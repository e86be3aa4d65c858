"""``python -m felloe``."""

import sys

from felloe.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
