"""The prospects of reasons: each reason of a False Ready has one."""

from inference_operator.api.reasons import FOR_A_PERSON, PROSPECTS, UNDER_WAY, Prospect, Reason

NEVER_OF_A_FALSE_READY = {
    # True conditions
    Reason.VALID,
    Reason.RESOLVED,
    Reason.READY,
    Reason.SCALED_TO_ZERO,
    Reason.MINIMUM_REPLICAS_AVAILABLE,
    Reason.LOADED,
    # only of ArtifactResolved, ModelLoaded, Available and DefaultsCurrent
    Reason.FETCHING,
    Reason.LOADING,
    Reason.NO_PODS_READY,
    Reason.WAITING_FOR_ROLLOUT_SLOT,
    # only of GatewayProgrammed
    Reason.ACCEPTED,
    Reason.GATEWAY_REFUSED,
    Reason.HOSTNAME_CONFLICT,
    Reason.GATEWAY_API_MISSING,
    # only of CanaryHealthy and MetricsAvailable
    Reason.ANALYSIS_PASSED,
    Reason.ANALYSIS_FAILED,
    Reason.NO_DATA,
    Reason.LOW_TRAFFIC,
    Reason.INCOMPARABLE,
    Reason.AVAILABLE,
    Reason.PROMETHEUS_UNREACHABLE,
    Reason.PROMETHEUS_TIMED_OUT,
    Reason.PROMETHEUS_REFUSED,
    Reason.NO_SERIES,
    Reason.STALE,
    Reason.METRICS_UNAVAILABLE,
    # only of autoscaling
    Reason.VALID_METRIC_FOUND,
    Reason.IDLE,
    Reason.INEFFECTIVE,
    Reason.SHARED_GPU,
    Reason.SCALING_HELD,
    Reason.SCHEDULE_HELD,
    Reason.TOO_FEW_REPLICAS,
    Reason.TOO_MANY_REPLICAS,
    Reason.GPU_CAPACITY,
    Reason.SCALED_UP,
    Reason.SCALED_DOWN,
    Reason.FALLBACK_REACHED,
    # only of Events
    Reason.REVISION_CREATED,
    Reason.PROMOTED,
    Reason.ABORTED,
    Reason.SCALED,
    Reason.DRIFT_REPAIRED,
    Reason.SET_WEIGHT,
    Reason.STEP_COMPLETED,
    Reason.STEPS_CHANGED,
    Reason.STABLE_AVAILABLE,
    Reason.ROLLOUT_RETRIED,
    Reason.BASELINE_STARTED,
    Reason.BASELINE_LATE,
    Reason.BASELINE_ENDED,
    Reason.OBJECT_UNREADABLE,
}


def test_each_reason_of_a_false_ready_has_one_prospect() -> None:
    assert {*PROSPECTS} | NEVER_OF_A_FALSE_READY == {*Reason}
    assert {*PROSPECTS} & NEVER_OF_A_FALSE_READY == set()


def test_what_is_under_way_is_reported_to_nobody_unless_it_waits_for_a_person() -> None:
    under_way = {reason for reason, p in PROSPECTS.items() if p is Prospect.UNDER_WAY}
    assert under_way - UNDER_WAY == FOR_A_PERSON
