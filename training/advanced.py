"""Trains and exports the residual LSTM: python -m training.advanced train --output DIR."""

import sys

from training.command import main

if __name__ == "__main__":
    sys.exit(main("advanced_lstm_price_predictor"))
