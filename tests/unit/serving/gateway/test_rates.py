"""Rates of callers, counted in memory; with a real Redis in tests/integration/gateway."""

import hashlib
from pathlib import Path

import pytest

from serving.gateway.problems import RefusedError
from serving.gateway.rates import Rates
from tests.unit.serving.gateway.conftest import Start


async def test_each_caller_has_a_rate_of_its_own() -> None:
    rates = Rates("2/hour")
    await rates.check("a")
    await rates.check("a")
    await rates.check("b")
    with pytest.raises(RefusedError) as caught:
        await rates.check("a")
    problem = caught.value.problem
    assert problem.status == 429
    assert problem.retry_after is not None
    assert 0 < problem.retry_after <= 2 * 3600
    assert problem.detail.startswith(
        "Authorization: found more requests of this caller than expected, 2/hour (limits.rate);"
        f" send the request again after {problem.retry_after} s"
    )


async def test_the_gateway_counts_by_key_and_leaves_health_alone(
    start: Start, tmp_path: Path
) -> None:
    path = tmp_path / "keys"
    lines = (f"{n} {hashlib.sha256(n.encode()).hexdigest()} predict" for n in ("k-1", "k-2"))
    path.write_text("\n".join(lines))
    auth = {"mode": "api_keys", "keys_file": str(path)}
    async with start(auth=auth, limits={"rate": "1/day"}) as gateway:
        gateway.http.headers["Authorization"] = "Bearer k-1"
        assert (await gateway.price()).status_code == 200
        refused = await gateway.price()
        assert (refused.status_code, refused.json()["reason"]) == (429, "RateExceeded")
        assert int(refused.headers["retry-after"]) > 0
        assert "k-1" not in refused.text
        for _ in range(3):
            assert (await gateway.http.get("/health")).status_code == 200
        gateway.http.headers["Authorization"] = "Bearer k-2"
        assert (await gateway.price()).status_code == 200


async def test_without_keys_the_address_of_the_caller_counts(start: Start) -> None:
    async with start(limits={"rate": "1/day"}) as gateway:
        codes = [(await gateway.price()).status_code for _ in range(2)]
        assert codes == [200, 429]
