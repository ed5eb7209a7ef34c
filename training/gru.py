"""Trains and exports the GRU price predictor: python -m training.gru train --output DIR."""

import sys

from training.command import main

if __name__ == "__main__":
    sys.exit(main("gru_price_predictor"))
