"""Who may grant a change request, by which funding, and what they are told."""

from tests.service.allocations.plans import quotas
from tests.service.callers import Callers
from tests.service.negotiations.requests import a_published_plan, a_request, answer
from tests.service.negotiations.teams import RESERVES, accepted, three_teams
from tests.service.steps import take


class TestWhoMay:
    def test_a_manager_grants_what_the_own_people_carry_and_escalates_the_rest(
        self, callers: Callers
    ) -> None:
        admin = callers("admin")
        plan = a_published_plan(admin, three_teams())
        west, north = callers("manager", unit="west"), callers("manager", unit="north")
        request = a_request(callers("rep", rep="ann"), plan, "ann", 100)

        for funding in ("parent", "unfunded"):
            refused = answer(west, request, "accept", funding=funding)
            assert refused.status_code == 403
            assert refused.json()["type"] == "/problems/not-the-funder"
            assert "escalate" in refused.json()["detail"]
        assert answer(west, request, "escalate").json()["lies_with"] == "north"
        assert accepted(north, request, funding="parent")["version"] == 2

    def test_the_default_is_the_first_that_the_caller_may_sign(self, callers: Callers) -> None:
        plan = a_published_plan(callers("admin"), three_teams(), **RESERVES)
        ann = callers("rep", rep="ann")
        request = a_request(ann, plan, "ann", 100)

        # the reserve is north's
        told = accepted(callers("manager", unit="west"), request)

        assert told["funding"] == "siblings"

    def test_a_gap_is_signed_by_the_owner_of_the_target(self, callers: Callers) -> None:
        inputs = three_teams()
        for unit in inputs["units"]:
            if unit["id"] == "south":
                unit["owner"] = "a manager"
        plan = a_published_plan(callers("admin"), inputs)
        fay, ann = callers("rep", rep="fay"), callers("rep", rep="ann")
        south, north = callers("manager", unit="south"), callers("manager", unit="north")

        signed = answer(south, a_request(fay, plan, "fay", 100), "accept", funding="unfunded")
        refused = answer(north, a_request(ann, plan, "ann", 100), "accept", funding="unfunded")

        assert (signed.status_code, refused.status_code) == (200, 403)

    def test_to_be_called_like_the_owner_of_the_target_signs_nothing(
        self, callers: Callers
    ) -> None:
        inputs = three_teams()
        inputs["units"][0] |= {"target": 550, "owner": "a manager"}  # north, above west
        plan = a_published_plan(callers("admin"), inputs)
        west, north = callers("manager", unit="west"), callers("manager", unit="north")
        request = a_request(callers("rep", rep="ann"), plan, "ann", 100)

        refused = answer(west, request, "accept", funding="unfunded")

        assert refused.status_code == 403
        assert refused.json()["type"] == "/problems/not-the-funder"
        assert accepted(north, request, funding="unfunded")["funding"] == "unfunded"

    def test_a_rep_accepts_a_counter_and_nothing_else(self, callers: Callers) -> None:
        plan = a_published_plan(callers("admin"), three_teams())
        ann, west = callers("rep", rep="ann"), callers("manager", unit="west")
        request = a_request(ann, plan, "ann", 100)

        early = answer(ann, request, "accept")
        answer(west, request, "counter", amount=106).raise_for_status()
        unnamed = answer(ann, request, "accept")
        other = answer(ann, request, "accept", amount=104)
        how = answer(ann, request, "accept", amount=106, funding="parent")
        told = accepted(ann, request, amount=106)

        assert (early.status_code, unnamed.status_code) == (403, 422)
        assert (other.status_code, how.status_code) == (409, 422)
        assert other.json()["type"] == "/problems/counter-has-changed"
        assert (told["amount"], told["funding"], told["version"]) == (106, "siblings", 2)
        assert [step["side"] for step in ann.get(request).json()["steps"]] == [
            "requester", "decider", "requester",
        ]  # fmt: skip

    def test_nobody_is_told_limits_of_people_who_are_not_theirs(self, callers: Callers) -> None:
        admin = callers("admin")
        plan = a_published_plan(admin, three_teams())
        dan, east = callers("rep", rep="dan"), callers("manager", unit="east")
        request = a_request(dan, plan, "dan", 70)

        # the others of north cannot carry it either, once eve and west are locked
        for rep in ("ann", "bob", "cyd"):
            own = a_request(admin, plan, rep, 111)
            answer(admin, own, "accept", funding="unfunded").raise_for_status()
        refused = answer(east, request, "accept", funding="parent")
        answer(east, request, "counter", amount=85).raise_for_status()
        other = a_request(admin, plan, "eve", 112)
        answer(admin, other, "accept", funding="unfunded").raise_for_status()
        late = answer(dan, request, "accept", amount=85)

        assert refused.json()["type"] == "/problems/not-the-funder"
        assert late.status_code == 409
        assert late.json()["type"] == "/problems/counter-cannot-be-carried"
        assert "rep:" not in refused.text + late.text

    def test_a_rep_who_read_an_older_counter_is_told(self, callers: Callers) -> None:
        plan = a_published_plan(callers("admin"), three_teams())
        ann, west = callers("rep", rep="ann"), callers("manager", unit="west")
        request = a_request(ann, plan, "ann", 100)
        first = answer(west, request, "counter", amount=104).headers["etag"]
        answer(west, request, "counter", amount=106).raise_for_status()

        late = ann.post(f"{request}/accept", json={}, headers={"If-Match": first})

        assert late.status_code == 412

    def test_a_submitted_draft_takes_part_in_nothing_until_it_is_back(
        self, callers: Callers
    ) -> None:
        admin = callers("admin")
        plan = a_published_plan(admin, three_teams())
        accepted(admin, a_request(admin, plan, "ann", 104))
        late = a_request(admin, plan, "bob", 106)
        take(admin, f"{plan}/versions/2", "submit").raise_for_status()

        refused = answer(admin, late, "accept")
        take(admin, f"{plan}/versions/2", "withdraw").raise_for_status()
        told = accepted(admin, late)

        assert refused.status_code == 409
        assert told["version"] == 3
        assert quotas(admin, f"{plan}/versions/3")["ann"] == 104
