"""GPUs that several pods use at the same time, as with time slicing."""

from collections.abc import Mapping

from inference_operator.domain.measurement import Family, FamilySamples, NoAnswer, PodName


def shared_gpus(
    answers: Mapping[Family, FamilySamples | NoAnswer],
) -> dict[str, tuple[PodName, PodName]]:
    """Return two pods of each GPU that several pods use, by its UUID: pods of all units, and of
    strangers.

    The mean over a window still shows a pod that has ended, whose GPU another one has now. So pods
    without a newest sample do not count, where Prometheus says which have one.
    """
    usage, fresh = answers.get(Family.GPU_UTILIZATION), answers.get(Family.FRESHNESS)
    if not isinstance(usage, FamilySamples):
        return {}
    living, crowded = None, frozenset[str]()
    if isinstance(fresh, FamilySamples) and not fresh.warnings:
        living, crowded = {each.pod for each in fresh.samples}, fresh.crowded
    first: dict[str, PodName] = {}
    shared: dict[str, tuple[PodName, PodName]] = {}
    for sample in usage.samples:
        pod, gpu = sample.pod, sample.labels[0]
        if pod is None or not gpu or gpu in shared:
            continue
        if living is not None and pod not in living and pod.namespace not in crowded:
            continue
        other = first.setdefault(gpu, pod)
        if other != pod:
            shared[gpu] = (other, pod)
    return shared
