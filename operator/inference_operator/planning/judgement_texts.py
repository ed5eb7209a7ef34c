"""Sentences about a canary that is not judged."""

NOT_JUDGED = "its metrics have not been judged yet"
NO_PROMETHEUS = (
    "this operator has no Prometheus (INFERENCE_OPERATOR_PROMETHEUS_URL) and cannot judge metrics;"
    " promote the revision or abort it yourself"
)
