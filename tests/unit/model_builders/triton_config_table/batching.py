"""Configurations of dynamic batching, priorities and queues."""

from tests.unit.model_builders.triton_config_table.row import Accepted, Refused


def dynamic(text: str) -> str:
    return f"dynamic_batching {{ {text} }}"


_POLICY = "priority_queue_policy {{ key: {} value {{ {} }} }}"
_DELAY = "timeout_action: DELAY default_timeout_microseconds: 100"

REFUSED: dict[str, Refused] = {
    "a preferred size of 0": Refused(
        dynamic("preferred_batch_size: [0, 4]"),
        at="dynamic_batching.preferred_batch_size",
        says="preferred size must be positive",
    ),
    "a preferred size below 0": Refused(
        dynamic("preferred_batch_size: -4"),
        at="dynamic_batching.preferred_batch_size",
        says="preferred size must be positive",
    ),
    "a preferred size above the largest batch": Refused(
        dynamic("preferred_batch_size: [4, 9]"),
        at="dynamic_batching.preferred_batch_size",
        says="preferred size must be <= max batch size",
    ),
    "priorities without a default": Refused(
        dynamic("priority_levels: 3"),
        at="dynamic_batching.default_priority_level",
        says="default priority level must be in range [1, 3]",
    ),
    "a default above all priorities": Refused(
        dynamic("priority_levels: 3 default_priority_level: 4"),
        at="dynamic_batching.default_priority_level",
        says="default priority level must be in range [1, 3]",
    ),
    "one priority without a default": Refused(
        dynamic("priority_levels: 1"),
        at="dynamic_batching.default_priority_level",
        says="default priority level must be in range [1, 1]",
    ),
    "a preferred size of a model without batches": Refused(
        dynamic("preferred_batch_size: 1"),
        model={"maxBatchSize": 0},
        at="dynamic_batching.preferred_batch_size",
        says="preferred size must be <= max batch size",
    ),
    "a policy of level 0": Refused(
        dynamic("priority_levels: 2 default_priority_level: 1 " + _POLICY.format(0, "")),
        at="dynamic_batching.priority_queue_policy[0]",
        says="priority level in range [1, 2]",
    ),
    "a policy above all levels": Refused(
        dynamic(
            "priority_levels: 2 default_priority_level: 1 " + _POLICY.format(3, "max_queue_size: 8")
        ),
        at="dynamic_batching.priority_queue_policy[3]",
        says="priority level in range [1, 2]",
    ),
    "a policy above the levels of the spec": Refused(
        dynamic(_POLICY.format(9, "max_queue_size: 8")),
        triton={"dynamicBatching": {"priorities": {"levels": 2, "default": 1}}},
        at="dynamic_batching.priority_queue_policy[9]",
        says="priority level in range [1, 2]",
    ),
    "priorities in order": Refused(
        dynamic("preserve_ordering: true priority_levels: 3 default_priority_level: 1"),
        at="dynamic_batching.priority_levels",
        says="Only one priority level is allowed",
    ),
    "priorities of the spec in an order of the overrides": Refused(
        dynamic("preserve_ordering: true"),
        triton={"dynamicBatching": {"priorities": {"levels": 2, "default": 1}}},
        at="spec.triton.dynamicBatching.priorities.levels",
        says="Only one priority level is allowed",
    ),
    "priorities of the overrides in an order of the spec": Refused(
        dynamic("priority_levels: 2 default_priority_level: 2"),
        triton={"dynamicBatching": {"preserveOrdering": True}},
        at="dynamic_batching.priority_levels",
        says="Only one priority level is allowed",
    ),
    "delays in order": Refused(
        dynamic(f"preserve_ordering: true default_queue_policy {{ {_DELAY} }}"),
        at="dynamic_batching.default_queue_policy.timeout_action",
        says="can not have DELAY as timeout action",
    ),
    "delays of one level in order": Refused(
        dynamic(
            "preserve_ordering: true priority_levels: 1 default_priority_level: 1 "
            + _POLICY.format(1, _DELAY)
        ),
        at="dynamic_batching.priority_queue_policy[1].timeout_action",
        says="can not have DELAY as timeout action",
    ),
    "delays of the spec in an order of the overrides": Refused(
        dynamic("preserve_ordering: true"),
        triton={
            "dynamicBatching": {"queuePolicy": {"timeoutAction": "Delay", "defaultTimeout": "1s"}}
        },
        at="spec.triton.dynamicBatching.queuePolicy",
        says="can not have DELAY as timeout action",
    ),
    "cached decoupled responses": Refused(
        "model_transaction_policy { decoupled: true }",
        triton={"responseCache": {"size": "1Mi"}},
        at="model_transaction_policy.decoupled",
        says="does not currently support model",
    ),
    "a cache of the overrides for decoupled responses": Refused(
        "model_transaction_policy { decoupled: true } response_cache { enable: true }",
        at="model_transaction_policy.decoupled",
        says="does not currently support model",
    ),
    "no version": Refused(
        "version_policy { latest { } }",
        at="version_policy.latest",
        says="at least one version must be available",
    ),
}

ACCEPTED: dict[str, Accepted] = {
    "a queue of a model without batches": Accepted(
        dynamic("default_queue_policy { max_queue_size: 4 }"), model={"maxBatchSize": 0}
    ),
    "preferred sizes up to the largest batch": Accepted(
        dynamic("preferred_batch_size: [1, 8] max_queue_delay_microseconds: 100")
    ),
    "priorities with a default": Accepted(dynamic("priority_levels: 3 default_priority_level: 3")),
    "policies of levels": Accepted(
        dynamic(
            "priority_levels: 3 default_priority_level: 2 "
            + _POLICY.format(1, _DELAY)
            + _POLICY.format(3, "max_queue_size: 4")
        )
    ),
    "as many priorities as there are numbers": Accepted(
        dynamic("priority_levels: 18446744073709551615 default_priority_level: 1")
    ),
    "a policy of a level without levels": Accepted(dynamic(_POLICY.format(3, "max_queue_size: 4"))),
    "a default level without levels": Accepted(dynamic("default_priority_level: 2")),
    "one priority in order": Accepted(
        dynamic("preserve_ordering: true priority_levels: 1 default_priority_level: 1")
    ),
    "a delay without a timeout in order": Accepted(
        dynamic("preserve_ordering: true default_queue_policy { timeout_action: DELAY }")
    ),
    "a rejection with a timeout in order": Accepted(
        dynamic(
            "preserve_ordering: true default_queue_policy { timeout_action: REJECT"
            " default_timeout_microseconds: 1000000 }"
        )
    ),
    "overrides that repeat the spec": Accepted(
        dynamic("preferred_batch_size: 4 preserve_ordering: true"),
        triton={"dynamicBatching": {"preferredBatchSizes": [4], "preserveOrdering": True}},
    ),
    "decoupled responses": Accepted("model_transaction_policy { decoupled: true }", answers=False),
    "a cache": Accepted(
        "response_cache { enable: true }", triton={"responseCache": {"size": "1Mi"}}
    ),
}
