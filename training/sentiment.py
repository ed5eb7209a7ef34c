"""Fine-tunes and exports the sentiment transformer: python -m training.sentiment train ..."""

import sys

from training.command import main

if __name__ == "__main__":
    sys.exit(main("sentiment_transformer"))
