"""Connection to one target: its options for balancing, and the official client over it."""

import json
from typing import Any

import tritonclient.grpc.aio as triton

from serving.client.http_connection import unreadable
from serving.settings.triton import TargetSettings, TritonSettings

# A pod that ends says so; its successors are found by a new look at the name, at most so often.
_LOOK_MILLISECONDS = 1_000
_LONGEST_RECONNECT_MILLISECONDS = 2_000


def options_of(target: TargetSettings, settings: TritonSettings) -> list[tuple[str, Any]]:
    """Return gRPC's options of a target. gRPC reconnects with jitter by itself.

    >>> dict(options_of(TargetSettings(), TritonSettings()))["grpc.lb_policy_name"]
    'round_robin'
    """
    size = settings.most_message_bytes
    policy = json.dumps({"loadBalancingConfig": [{target.balance: {}}]})
    options: list[tuple[str, Any]] = [
        ("grpc.lb_policy_name", target.balance),
        ("grpc.service_config", policy),
        ("grpc.max_send_message_length", size),
        ("grpc.max_receive_message_length", size),
        ("grpc.min_reconnect_backoff_ms", round(1000 * settings.connect_timeout)),
        ("grpc.max_reconnect_backoff_ms", _LONGEST_RECONNECT_MILLISECONDS),
        ("grpc.dns_min_time_between_resolutions_ms", _LOOK_MILLISECONDS),
        # Two clients of one process do not share connections by accident.
        ("grpc.use_local_subchannel_pool", 1),
        # Retries have a budget of their own.
        ("grpc.enable_retries", 0),
    ]
    if target.authority:
        options.append(("grpc.default_authority", target.authority))
    return options


def connect(target: TargetSettings, settings: TritonSettings) -> triton.InferenceServerClient:
    """Return a client of the target. Nothing is sent before the first call.

    Raises:
        ValueError: if the file of authorities cannot be read.
    """
    try:
        return triton.InferenceServerClient(
            target.address,
            ssl=target.tls,
            root_certificates=target.ca_file or None,
            channel_args=options_of(target, settings),
        )
    except OSError as error:
        raise unreadable(target, error) from error
