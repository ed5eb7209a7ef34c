"""Placements that Kubernetes takes, and our types too; keys are in no order of a schema's."""

from typing import Any

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
SELECTOR: dict[str, Any] = {
    "matchLabels": {"tier": "pricing", "app.kubernetes.io/name": "tape", "empty": ""},
    "matchExpressions": [
        {"values": ["fx", "rates"], "operator": "In", "key": "desk"},
        {"values": [], "operator": "Exists", "key": "owner"},
        {"operator": "DoesNotExist", "key": "canary"},
    ],
}
NODE: dict[str, Any] = {
    PREFERRED: [
        {
            "weight": 100,
            "preference": {
                "matchExpressions": [{"operator": "In", "values": ["a b"], "key": "free"}]
            },
        },
        {"preference": {}, "weight": 1},
    ],
    REQUIRED: {
        "nodeSelectorTerms": [
            {
                "matchFields": [
                    {"key": "metadata.name", "values": ["node-7"], "operator": "NotIn"}
                ],
                "matchExpressions": [
                    {"operator": "In", "key": "topology.kubernetes.io/zone", "values": ["b", "a"]},
                    {"operator": "Gt", "key": "gpus", "values": ["3"]},
                    {"operator": "Lt", "key": "gpus", "values": ["9"]},
                    {"operator": "Exists", "key": "disk"},
                ],
            },
            {},
        ]
    },
}
TERM: dict[str, Any] = {
    "topologyKey": "kubernetes.io/hostname",
    "labelSelector": SELECTOR,
    "namespaces": ["desk-7"],
    "namespaceSelector": {},
    "mismatchLabelKeys": ["tenant"],
    "matchLabelKeys": ["pod-template-hash"],
}
POD: dict[str, Any] = {
    REQUIRED: [TERM, {"topologyKey": "rack"}],
    PREFERRED: [{"weight": 50, "podAffinityTerm": TERM}],
}
PLACEMENT: dict[str, Any] = {
    "affinity": {"podAntiAffinity": POD, "nodeAffinity": NODE, "podAffinity": POD},
    "topologySpreadConstraints": [
        {
            "whenUnsatisfiable": "DoNotSchedule",
            "topologyKey": "topology.kubernetes.io/zone",
            "minDomains": 3,
            "maxSkew": 1,
            "nodeTaintsPolicy": "Honor",
            "nodeAffinityPolicy": "Ignore",
            "labelSelector": SELECTOR,
            "matchLabelKeys": ["pod-template-hash"],
        },
        {
            "whenUnsatisfiable": "ScheduleAnyway",
            "topologyKey": "topology.kubernetes.io/zone",
            "maxSkew": 2,
            "labelSelector": {},
        },
    ],
}
GOOD_PLACEMENTS: dict[str, dict[str, Any]] = {
    "everything": PLACEMENT,
    "nothing": {"affinity": {}, "topologySpreadConstraints": []},
    "empty parts": {
        "affinity": {
            "nodeAffinity": {},
            "podAffinity": {REQUIRED: [], PREFERRED: []},
            "podAntiAffinity": {REQUIRED: [{"topologyKey": "a", "labelSelector": {}}]},
        },
    },
}
