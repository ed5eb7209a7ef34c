"""config.pbtxt of built-in steps as the first operator rendered them.

Pipelines have them pinned, and a pod writes today's code beside them. A new step comes here as it
is; none is edited: a setting or a tensor that is not in here is one that the code does without.
"""

FIRST = {
    "ohlcvFeatures": """
input { name: "ohlcv" data_type: TYPE_FP64 dims: [-1, 5] }
output { name: "window" data_type: TYPE_FP32 dims: [60, 5] }
output { name: "normalised" data_type: TYPE_FP32 dims: [60, 5] }
output { name: "log_return" data_type: TYPE_FP32 dims: [1] }
output { name: "rsi" data_type: TYPE_FP32 dims: [1] }
output { name: "sma" data_type: TYPE_FP32 dims: [1] }
output { name: "ema" data_type: TYPE_FP32 dims: [1] }
output { name: "volatility" data_type: TYPE_FP32 dims: [1] }
output { name: "close_to_open" data_type: TYPE_FP32 dims: [1] }
output { name: "high_to_low" data_type: TYPE_FP32 dims: [1] }
output { name: "close_to_previous" data_type: TYPE_FP32 dims: [1] }
parameters { key: "ema" value { string_value: "20" } }
parameters { key: "rsi" value { string_value: "14" } }
parameters { key: "sma" value { string_value: "20" } }
parameters { key: "steps" value { string_value: "60" } }
parameters { key: "volatility" value { string_value: "20" } }
""",
    "weightedAverage": """
input { name: "price" data_type: TYPE_FP32 dims: [1] }
input { name: "interval" data_type: TYPE_FP32 dims: [2] }
input { name: "score" data_type: TYPE_FP32 dims: [1] }
input { name: "confidence" data_type: TYPE_FP32 dims: [1] }
output { name: "forecast" data_type: TYPE_FP32 dims: [1] }
output { name: "probability" data_type: TYPE_FP32 dims: [1] }
parameters { key: "price_weight" value { string_value: "80" } }
parameters { key: "sentiment_basis_points" value { string_value: "100" } }
parameters { key: "sentiment_weight" value { string_value: "20" } }
""",
    "tokenizer": """
input { name: "text" data_type: TYPE_STRING dims: [1] }
output { name: "input_ids" data_type: TYPE_INT64 dims: [-1] }
output { name: "attention_mask" data_type: TYPE_INT64 dims: [-1] }
parameters { key: "empty_text" value { string_value: "Refuse" } }
parameters { key: "max_tokens" value { string_value: "512" } }
parameters { key: "too_long" value { string_value: "Cut" } }
""",
}
