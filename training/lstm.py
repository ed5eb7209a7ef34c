"""Trains and exports the LSTM price predictor: python -m training.lstm train --output DIR."""

import sys

from training.command import main

if __name__ == "__main__":
    sys.exit(main("lstm_price_predictor"))
