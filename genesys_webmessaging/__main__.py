"""``python -m genesys_webmessaging`` is the command ``genesys-webmessaging``."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
