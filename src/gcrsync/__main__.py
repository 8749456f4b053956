"""``python -m gcrsync`` is the same as ``gcrsync``."""

from gcrsync.cli.app import main

if __name__ == "__main__":
    main()
