"""Many threads deposit single works: each gets its own outcomes, whoever has sent them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from workflow_results import Outcome, Receipt, Results

THREADS = 12
EACH = 20


def test_threads_deposit_single_works(results: Results, pipeline: str) -> None:
    results.deposit([{"pipeline": pipeline, "id": "taken", "status": "success", "n": -1}])

    def deposit(thread: int) -> list[Receipt]:
        receipts: list[Receipt] = []
        for number in range(EACH):
            works = [
                {"pipeline": pipeline, "id": f"{thread}-{number}", "status": "success", "n": number},
                {"pipeline": pipeline, "id": "taken", "status": "success", "n": number},
                {"pipeline": pipeline, "id": f"odd-{thread}-{number}", "status": "success", "a": deep(number % 2)},
            ]
            receipts += results.deposit_receipts(works)
        return receipts

    with ThreadPoolExecutor(THREADS) as pool:
        by_thread = list(pool.map(deposit, range(THREADS)))
    for thread, receipts in enumerate(by_thread):
        assert [receipt.id for receipt in receipts[::3]] == [f"{thread}-{number}" for number in range(EACH)]
        assert {receipt.outcome for receipt in receipts[::3]} == {Outcome.DEPOSITED}
        assert {receipt.outcome for receipt in receipts[1::3]} == {Outcome.CONFLICT}
        assert [receipt.outcome for receipt in receipts[2::3]] == [Outcome.DEPOSITED, Outcome.REJECTED] * (EACH // 2)
        assert all(receipt.reason.startswith("TOO_DEEP: ") for receipt in receipts[5::6])
    assert results.count(pipeline, {}) == THREADS * (EACH + EACH // 2) + 1


def deep(beyond: int) -> object:
    value: object = 1
    for _ in range(99 + 2 * beyond):
        value = [value]
    return value
