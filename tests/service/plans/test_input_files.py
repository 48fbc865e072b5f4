"""Inputs out of files over HTTP: what PUT would have stored, or every reason why not."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from tests.service.allocations.plans import FY27, a_version
from tests.service.callers import Callers
from tests.service.roster.test_messy_files import in_parquet, in_xlsx

UNITS = "unit_id,parent,owner,max\nall,,m1,\nwest,all,,600\n"
REPS = "rep_id,name,unit,baseline,reach\nr1,Ann,west,100,20\nr2,Bob,all,100,20\n"
HISTORY = "rep_id,period,actual\nr1,2026-01,9.5\nr2,2026-01,8\n"
FILES = {"units.csv": UNITS, "reps.csv": REPS, "history.csv": HISTORY}
SAME: dict[str, Any] = {
    "target": 240,
    "units": [{"id": "all", "owner": "m1"}, {"id": "west", "parent": "all", "max": 600}],
    "reps": [
        {"id": "r1", "name": "Ann", "unit": "west", "baseline": 100, "reach": 20},
        {"id": "r2", "name": "Bob", "unit": "all", "baseline": 100, "reach": 20},
    ],
    "history": [
        {"rep": "r1", "period": "2026-01", "actual": 9.5},
        {"rep": "r2", "period": "2026-01", "actual": 8},
    ],
}


def a_plan(client: TestClient) -> str:
    return str(client.post("/v1/plans", json=FY27).headers["location"])


def upload(
    client: TestClient,
    plan: str,
    files: dict[str, Any] | Sequence[tuple[str, Any]] = (),
    *,
    target: str | None = "240",
    headers: dict[str, str] | None = None,
    **how: bool,
) -> Response:
    """Files by name; texts as UTF-8."""
    pairs = files.items() if isinstance(files, dict) else files
    sent = [("file", (name, raw.encode() if isinstance(raw, str) else raw)) for name, raw in pairs]
    return client.post(
        f"{plan}/inputs/files",
        files=sent,
        data={} if target is None else {"target": target},
        params=how,
        headers=headers,
    )


class TestUpload:
    def test_stores_what_a_put_of_the_same_facts_stores(self, client: TestClient) -> None:
        plan, other = a_plan(client), a_plan(client)

        answer = upload(client, plan, FILES)

        put = client.put(f"{other}/inputs", json=SAME)
        assert answer.status_code == 200, answer.text
        assert answer.headers["etag"] == put.headers["etag"]
        assert answer.json() == put.json() | {
            "applied": True, "notes": [], "repaired": [], "refused": [],
            "more_repaired": 0, "more_refused": 0,
        }  # fmt: skip
        assert client.get(f"{plan}/inputs").content == client.get(f"{other}/inputs").content
        assert client.post(f"{plan}/versions", json={}).json()["assigned"] == 240

    def test_takes_parquet_and_workbooks_and_mixtures(self, client: TestClient) -> None:
        plan = a_plan(client)
        reps = in_parquet(rep_id=["r1", "r2"], unit=["west", "all"])
        history = in_xlsx(["rep_id", "period", "actual"], ["r1", "2026-01", 9.5])
        targets = "amount\n240\n"
        mixed = {"units.csv": UNITS, "reps.parquet": reps, "history.xlsx": history}

        one = upload(client, plan, mixed | {"targets.csv": targets}, target=None)

        assert one.json()["counts"] == {"units": 2, "reps": 2, "territories": 0, "history": 1}
        assert client.get(f"{plan}/inputs").json()["target"] == 240
        whole = in_xlsx(["rep_id"], ["r1"], title="reps")
        two = upload(client, plan, {"计划 2027.xlsx": whole})
        assert two.json()["counts"]["reps"] == 1

    def test_tells_every_repair_with_its_place(self, client: TestClient) -> None:
        reps = "工号,上限\nr1,10.5万\n".encode("gb18030")

        told = upload(client, a_plan(client), {"销售员.csv": reps}).json()

        place = {"file": "销售员.csv", "line": 2, "column": "上限", "value": "10.5万"}
        assert told["repaired"][1] == place | {"detail": "was read as 105000"}
        assert told["applied"]

    def test_applies_nothing_where_a_row_is_refused(self, client: TestClient) -> None:
        plan = a_plan(client)
        before = upload(client, plan, FILES).headers["etag"]

        answer = upload(client, plan, FILES | {"reps.csv": REPS + "r2,Eve,moon,1,1\n"})

        assert answer.status_code == 422
        assert answer.json()["type"] == "/problems/file-faults"
        assert [(row["line"], row["column"]) for row in answer.json()["errors"]] == [
            (4, "rep_id"),
            (4, "unit"),
        ]
        assert client.get(f"{plan}/inputs").headers["etag"] == before

    def test_takes_the_good_rows_where_asked_and_tells_the_others(self, client: TestClient) -> None:
        plan = a_plan(client)
        bad = FILES | {
            "reps.csv": REPS + "r3,Eve,moon,1,1\n",
            "history.csv": HISTORY + "r3,2026-01,5\n",
        }

        told = upload(client, plan, bad, good_rows_only=True).json()

        assert told["hash"] == upload(client, a_plan(client), FILES).json()["hash"]
        assert [(row["file"], row["line"], row["detail"]) for row in told["refused"]] == [
            ("reps.csv", 4, "names no unit of units"),
            ("history.csv", 4, "depends on reps.csv:4, which was left out"),
        ]

    def test_a_dry_run_tells_all_of_it_and_changes_nothing(self, client: TestClient) -> None:
        plan = a_plan(client)

        good = upload(client, plan, FILES, dry_run=True)
        bad = upload(client, plan, {"reps.csv": "rep_id,max\nr1,much\n"}, dry_run=True)

        assert (
            good.json()["hash"] == client.put(f"{a_plan(client)}/inputs", json=SAME).json()["hash"]
        )
        assert not good.json()["applied"]
        assert bad.status_code == 200
        assert (bad.json()["hash"], bad.json()["counts"]) == (None, None)
        assert bad.json()["refused"][0]["value"] == "much"
        assert client.get(f"{plan}/inputs").status_code == 409

    def test_a_thousand_remarks_are_told_and_the_others_counted(self, client: TestClient) -> None:
        rows = "".join(f'r{k},"1,0{k % 90 + 10}"\n' for k in range(1001))

        told = upload(client, a_plan(client), {"reps.csv": "rep_id,capacity\n" + rows}).json()

        assert (len(told["repaired"]), told["more_repaired"]) == (1000, 1)


class TestRefuses:
    def test_what_is_no_plan_in_words(self, client: TestClient) -> None:
        plan = a_plan(client)
        same = [("reps.csv", REPS)]
        refused: list[tuple[list[tuple[str, Any]], int, str]] = [
            ([("reps.csv", "")], 422, "is empty: a header row is needed"),
            (same * 10, 422, "reps.csv says the same"),
            (same * 19, 400, "Too many files"),
            ([("notes.csv", REPS)], 422, "is missing: who carries the target?"),
            ([("reps.csv", b"\x00\x00\x00")], 422, "needs a column rep_id"),
            ([("reps.csv", "rep_id\n\x00\n")], 422, "without control characters"),
            ([("reps.xlsx", b"PK\x03\x04" + b"\x00" * 99)], 422, "cannot be read as an .xlsx"),
            ([("../../reps.txt", REPS)], 422, "reps.txt: is no file of a kind that is read"),
        ]

        for files, status, words in refused:
            answer = upload(client, plan, files)
            assert answer.status_code == status
            assert words in answer.text

    def test_forms_that_are_none_and_fields_that_it_does_not_take(self, client: TestClient) -> None:
        address = f"{a_plan(client)}/inputs/files"
        good = ("reps.csv", REPS.encode())

        def status(**sent: Any) -> int:
            return client.post(address, **sent).status_code

        other = client.post(address, files={"file": good}, data={"colour": "red"})
        assert (other.status_code, other.json()["type"]) == (400, "/problems/malformed-form")
        assert status(files={"file": good}, data={"target": "9" * 2000}) == 400
        assert status(files={"target": good}) == 400
        assert status(content=b"x", headers={"content-type": "multipart/form-data"}) == 400
        assert status(json={}) == 415
        packed = {"content-type": "multipart/form-data", "content-encoding": "gzip"}
        assert status(content=b"x", headers=packed) == 415
        assert status(files={"file": good}, params={"dryrun": "true"}) == 422

    def test_targets_that_are_none(self, client: TestClient) -> None:
        plan = a_plan(client)

        for target, words in (("much", "target"), ("-1", "0 or more"), ("1.005", "decimals")):
            answer = upload(client, plan, {"reps.csv": "rep_id\nr1\n"}, target=target)
            assert answer.status_code == 422
            assert words in answer.text
        none = upload(client, plan, {"reps.csv": "rep_id\nr1\n"}, target=None)
        assert "no target is given" in none.text

    def test_more_than_the_limit_announced_or_not(self, client: TestClient) -> None:
        plan = a_plan(client)
        state = client.app.state  # type: ignore[attr-defined]
        state.settings = state.settings.model_copy(update={"max_upload_bytes": 2_000_000})

        announced = upload(client, plan, {"reps.csv": b"x" * 2_000_000})
        boundary = {"content-type": "multipart/form-data; boundary=b"}
        head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="reps.csv"\r\n\r\n'
        streamed = client.post(
            f"{plan}/inputs/files",
            content=(part for part in [head, *[b"x" * 500_000] * 5]),
            headers=boundary,
        )

        for answer in (announced, streamed):
            assert answer.status_code == 413
            assert answer.json()["type"] == "/problems/body-too-large"

    def test_a_lost_race_before_it_reads_the_files(self, client: TestClient) -> None:
        plan = a_plan(client)
        etag = upload(client, plan, FILES).headers["etag"]
        client.patch(f"{plan}/inputs", json={"target": 250})

        late = upload(client, plan, {"reps.csv": "no reps"}, headers={"If-Match": etag})

        assert late.status_code == 412

    def test_one_of_two_who_send_other_files_for_the_same_state(self, client: TestClient) -> None:
        plan = a_plan(client)
        etag = upload(client, plan, FILES).headers["etag"]
        both, statuses = threading.Barrier(2), list[int]()

        def send(target: str) -> None:
            both.wait()
            answer = upload(client, plan, FILES, target=target, headers={"If-Match": etag})
            statuses.append(answer.status_code)

        threads = [threading.Thread(target=send, args=(target,)) for target in ("250", "260")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(statuses) == [200, 412]

    def test_strangers_and_those_who_may_not(self, callers: Callers) -> None:
        plan = a_plan(callers("admin"))

        assert upload(callers("integration"), plan, FILES).status_code == 200
        for role in ("rep", "hr", "auditor"):
            assert upload(callers(role), plan, FILES).status_code == 403
        missing = upload(callers("planner"), "/v1/plans/plan_00000000000000000000000000", FILES)
        assert missing.status_code == 404

    def test_versions_that_are_published_keep_their_inputs(self, client: TestClient) -> None:
        plan = a_plan(client)
        upload(client, plan, FILES)
        version = a_version(client, plan)
        before = version["inputs_hash"]

        after = upload(client, plan, FILES, target="300").json()["hash"]

        assert after != before
        assert client.get(f"{plan}/versions/1").json()["inputs_hash"] == before
        assert client.get(f"{plan}/versions/1/verify").json()["valid"]
