"""What control lines order, what is complained of, and the block to paste back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from policy.orders import Order, Restriction, Scope
from surroundings import HERE, NOW, PATCH_DAY, PUBLIC, PUBLIC_AT, REPLY, order


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("Hold-Until: 2026-11-24 17:00 UTC", {"hold_until": utc("2026-11-24 17:00")}, id="hold"),
        pytest.param("Send-At: +1d", {"hold_until": utc("2026-11-22T17:00:00.001")}, id="relative hold"),
        pytest.param("Hold-Until: now", {"hold_now": True}, id="no hold"),
        pytest.param("Scope: all", {"scope": Scope(all=True)}, id="everybody"),
        pytest.param(
            "Scope: group:envoy, org:litware, PSIRT@litware.example",
            {"scope": Scope(groups=("envoy",), orgs=("Litware",), addresses=("psirt@litware.example",))},
            id="some",
        ),
        pytest.param(
            "Restrict: *.patch to group:envoy\nRestrict: notice.txt to org:Litware",
            {
                "restrict": (
                    Restriction(("*.patch",), Scope(groups=("envoy",))),
                    Restriction(("notice.txt",), Scope(orgs=("Litware",))),
                )
            },
            id="two restrictions",
        ),
        pytest.param("TLP: amber + strict", {"tlp": "AMBER+STRICT"}, id="label"),
        pytest.param("TLP: TLP:RED", {"tlp": "RED"}, id="label with its prefix"),
        pytest.param(
            "CVE: CVE-2026-1234, cve-2026-99999", {"cve": ("CVE-2026-1234", "CVE-2026-99999")}, id="CVE numbers"
        ),
        pytest.param("Ref: https://a.example/ x\nRef: y", {"refs": ("https://a.example/ x", "y")}, id="references"),
        pytest.param("Permit: deploy inside", {"permit": "deploy inside"}, id="permit"),
        pytest.param("Public-Notice: Notice.txt", {"public_notice": "notice.txt"}, id="public notice"),
        pytest.param("Preview: yes", {"preview": True}, id="preview"),
        pytest.param("Preview: No", {"preview": False}, id="no preview"),
        pytest.param("Send-To: audience", {"send_to_audience": True}, id="to the audience"),
    ],
)
def test_a_clear_line_orders(line, expected):
    found = order(PUBLIC + line)

    assert found.complaints == ()
    assert found.embargo_until == PUBLIC_AT
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Lift: now", {"lift_now": True}),
        ("Withdraw: it was no bug", {"withdraw": "it was no bug"}),
        ("Hold-Until: now", {"hold_now": True}),
        ("Embargo-Until: +7d", {"embargo_until": NOW.replace(microsecond=1000) + timedelta(days=7)}),
        ("Public-Notice: kept.txt\nLift: now", {"public_notice": "kept.txt", "lift_now": True}),
        ("", {}),
    ],
)
def test_a_reply_steers_and_needs_no_date(line, expected):
    found = order(line, replace(REPLY, stored_notices=("kept.txt",)))

    assert found.complaints == ()
    assert {name: getattr(found, name) for name in expected} == expected


def test_an_order_with_a_complaint_orders_nothing():
    found = order(PUBLIC + "Scope: all\nHold-Until: now\nPreview: yes\nTLP: purple\n")

    empty = Order(complaints=found.complaints, corrected=found.corrected)
    assert found.complaints
    assert found == empty


@pytest.mark.parametrize(
    ("text", "corrected"),
    [
        pytest.param(f"Hold-Untill: now\n{PUBLIC}", f"Hold-Until: now\n{PUBLIC}", id="misspelled name"),
        pytest.param(f"Hi all,\n\n{PUBLIC}Scope: all\n", f"{PUBLIC}Scope: all\n", id="greeting first"),
        pytest.param(
            f"{PUBLIC}\nText\nRestrcit: fix.patch to all", f"{PUBLIC}Restrict: fix.patch to all\n", id="stray"
        ),
        pytest.param("CRD: 2026-12-08 18:00", "Embargo-Until: 2026-12-08 18:00 UTC\n", id="no zone, earliest"),
        pytest.param(
            f"Hold-Until: 2026-11-24 17:00\n{PUBLIC}", f"Hold-Until: 2026-11-25 01:00 UTC\n{PUBLIC}", id="hold, latest"
        ),
        pytest.param(
            f"Hold-Until: 2026-12-08 12:00\n{PUBLIC}",
            f"Hold-Until: 2026-12-08 12:00 UTC\n{PUBLIC}",
            id="hold, latest before the public date",
        ),
        pytest.param(f"Hold-Until: 02/12/2026\n{PUBLIC}", f"Hold-Until: 2026-12-03 01:00 UTC\n{PUBLIC}", id="02/12"),
        pytest.param(
            "Embargo-Until: 02/06/2027 10:00 UTC", "Embargo-Until: 2027-02-06 10:00 UTC\n", id="02/06 earliest"
        ),
        pytest.param(
            "Embargo-Until: Wed, 10 Dec 2026 10:00 UTC", "Embargo-Until: 2026-12-09 10:00 UTC\n", id="wrong weekday"
        ),
        pytest.param(
            f"Hold-Until: 2026-11-20 12:00 UTC\n{PUBLIC}",
            f"Hold-Until: 2026-11-22 12:00 UTC\n{PUBLIC}",
            id="past hold: same time, next day",
        ),
        pytest.param(
            f"Hold-Until: 2026-11-20 18:00 UTC\n{PUBLIC}",
            f"Hold-Until: 2026-11-21 18:00 UTC\n{PUBLIC}",
            id="past hold: same time, today",
        ),
        pytest.param("Embargo-Until: 2025-12-24 10:00 UTC", "Embargo-Until: 2026-12-24 10:00 UTC\n", id="a year on"),
        pytest.param("Embargo-Until: 2025-07-24 10:00 UTC", f"Embargo-Until: {PATCH_DAY}\n", id="past: patch day"),
        pytest.param("Embargo-Until: until it is public", f"Embargo-Until: {PATCH_DAY}\n", id="an event"),
        pytest.param("Embargo-Until: now", f"Embargo-Until: {PATCH_DAY}\n", id="now is no public date"),
        pytest.param("Embargo-Until: +91d", "Embargo-Until: 2027-02-19 17:00 UTC\n", id="over the maximum"),
        pytest.param(
            "Hold-Until: 2026-12-01 12:00 UTC\nEmbargo-Until: 2027-06-01 12:00 UTC",
            "Hold-Until: 2026-12-01 12:00 UTC\nEmbargo-Until: 2027-03-01 12:00 UTC\n",
            id="over the maximum, from the hold",
        ),
        pytest.param(
            f"Hold-Until: 2026-12-10 12:00 UTC\n{PUBLIC}",
            "Hold-Until: 2026-12-10 12:00 UTC\nEmbargo-Until: 2027-01-13 01:00 UTC\n",
            id="public before it goes out",
        ),
        pytest.param("TLP: RED", f"TLP: RED\nEmbargo-Until: {PATCH_DAY}\n", id="no date"),
        pytest.param("TLP: RED\nHi all,\n\nText", f"TLP: RED\nEmbargo-Until: {PATCH_DAY}\n", id="no empty line"),
        pytest.param(f"{PUBLIC.strip()}\nHi all,\n\nText", PUBLIC, id="no empty line after a date"),
        pytest.param(f"{PUBLIC}CRD: 2026-12-08 18:00 UTC", None, id="the same twice is no complaint"),
        pytest.param(f"{PUBLIC}CRD: 2026-12-07 18:00 UTC", "Embargo-Until: 2026-12-07 18:00 UTC\n", id="two dates"),
        pytest.param(
            f"Hold-Until: now\nHold-Until: 2026-12-01 10:00 UTC\n{PUBLIC}",
            f"Hold-Until: 2026-12-01 10:00 UTC\n{PUBLIC}",
            id="two holds: the later",
        ),
        pytest.param(f"{PUBLIC}TLP: GREEN\nTLP: RED", f"{PUBLIC}TLP: RED\n", id="two labels: the stricter"),
        pytest.param(f"{PUBLIC}Scope: all\nScope: group:envoy", f"{PUBLIC}Scope: group:envoy\n", id="two scopes"),
        pytest.param(f"{PUBLIC}TLP: WHITE", f"{PUBLIC}TLP: CLEAR\n", id="TLP 1"),
        pytest.param(f"{PUBLIC}TLP: AMBER-STRICT", f"{PUBLIC}TLP: AMBER+STRICT\n", id="a hyphen for the plus"),
        pytest.param(f"{PUBLIC}TLP: purple", PUBLIC, id="no label"),
        pytest.param(f"{PUBLIC}CVE: 2026-1234", f"{PUBLIC}CVE: CVE-2026-1234\n", id="a number without CVE"),
        pytest.param(f"{PUBLIC}CVE: CVE-2026-1", PUBLIC, id="no CVE number"),
        pytest.param(f"{PUBLIC}Permit:", PUBLIC, id="an empty value"),
        pytest.param(f"{PUBLIC}Preview: please", f"{PUBLIC}Preview: yes\n", id="a preview, somehow"),
        pytest.param(f"{PUBLIC}Foo: bar", PUBLIC, id="unknown name"),
        pytest.param("Hold: now\n" + PUBLIC, f"Hold-Until: now\n{PUBLIC}", id="another word for it"),
        pytest.param(f"{PUBLIC}Lift: now", PUBLIC, id="a lift of what is new"),
        pytest.param(f"{PUBLIC}Withdraw: x", PUBLIC, id="a withdrawal of what is new"),
        pytest.param(f"{PUBLIC}Send-To: everybody", PUBLIC, id="to whom?"),
        pytest.param(f"{PUBLIC}Scope: group:evnoy", f"{PUBLIC}Scope: group:envoy\n", id="misspelled group"),
        pytest.param(f"{PUBLIC}Scope: Northwind", f"{PUBLIC}Scope: org:Northwind Networks\n", id="short name"),
        pytest.param(f"{PUBLIC}Scope: group:envoy, org:Foo", f"{PUBLIC}Scope: group:envoy\n", id="one unknown"),
        pytest.param(
            f"{PUBLIC}Restrict: fix.path to group:envoy",
            f"{PUBLIC}Restrict: fix.patch to group:envoy\n",
            id="file name",
        ),
        pytest.param(
            f"{PUBLIC}Restrict: fix.patch to group:envy", f"{PUBLIC}Restrict: fix.patch to group:envoy\n", id="to whom"
        ),
        pytest.param(f"{PUBLIC}Public-Notice: notice.text", f"{PUBLIC}Public-Notice: notice.txt\n", id="notice"),
        pytest.param(f"{PUBLIC}Public-Notice: *", PUBLIC, id="several notices"),
        pytest.param(f"{PUBLIC}Public-Notice: zzz", PUBLIC, id="no such notice"),
        pytest.param(
            f"{PUBLIC}Public-Notice: fix.patch\nRestrict: *.patch to group:envoy",
            f"{PUBLIC}Restrict: *.patch to group:envoy\n",
            id="restricted and public",
        ),
    ],
)
def test_what_is_wrong_comes_back_corrected(text, corrected):
    found = order(text)

    if corrected is None:
        assert found.complaints == ()
        return
    assert found.complaints
    assert all(complaint.why for complaint in found.complaints)
    assert found.corrected == corrected
    assert found.is_ready
    assert order(found.corrected).complaints == ()


@pytest.mark.parametrize(
    ("text", "corrected"),
    [
        ("Lift: now\nEmbargo-Until: +7d", "Embargo-Until: +7d\n"),
        ("Lift: now\nHold-Until: +7d", "Hold-Until: +7d\n"),
        ("Lift: now\nWithdraw: x", ""),
        ("Withdraw: x\nHold-Until: +7d", "Hold-Until: +7d\n"),
        ("Lift: yes", ""),
        ("Lift: tomorrow", ""),
        ("Withdraw:", ""),
        ("Hold-Until: 2026-12-20 10:00 UTC", "Hold-Until: 2026-12-20 10:00 UTC\nEmbargo-Until: 2027-01-13 01:00 UTC\n"),
        ("Embargo-Until: 2027-06-01 10:00 UTC", "Embargo-Until: 2027-02-18 17:00 UTC\n"),
    ],
)
def test_a_reply_that_contradicts_itself_or_what_stands_comes_back_corrected(text, corrected):
    found = order(text, REPLY)

    assert found.complaints
    assert found.corrected == corrected
    assert found.is_ready
    assert order(found.corrected, REPLY).complaints == ()


CLOUD = Scope(groups=("envoy",))
SAID_BEFORE = replace(
    REPLY, attachments=("fix.patch", "notice.txt", "a.txt"), restricted=(Restriction(("*.patch",), CLOUD),)
)
WITH_NOTICE = replace(SAID_BEFORE, restricted=(), notice="notice.txt")


@pytest.mark.parametrize(
    ("text", "stands", "why", "corrected"),
    [
        pytest.param("Public-Notice: f*", SAID_BEFORE, "restricted to some; it can't go public", "", id="restricted"),
        pytest.param(
            "Restrict: fix.patch to all\nPublic-Notice: fix.patch",
            SAID_BEFORE,
            "restricted to some; it can't go public",
            "Restrict: fix.patch to all\n",
            id="a part of it may go to all, and the older line keeps it back",
        ),
        pytest.param("Public-Notice: notice.txt", SAID_BEFORE, None, None, id="another file"),
        pytest.param("Restrict: *.patch to all\nPublic-Notice: fix.patch", SAID_BEFORE, None, None, id="ruled anew"),
        pytest.param(
            "Public-Notice: fix.patch",
            replace(SAID_BEFORE, restricted=(Restriction(("*.patch",), Scope(all=True)),)),
            None,
            None,
            id="all may have it",
        ),
        pytest.param(
            "Restrict: *.txt to group:envoy",
            WITH_NOTICE,
            "notice.txt goes public at the lift, so it can't be restricted as well: name the others",
            "Restrict: *.txt to group:envoy\n",
            id="the notice is restricted",
        ),
        pytest.param(
            "Restrict: *.txt, zzz.bin to group:envoy",
            WITH_NOTICE,
            "no attachment of this mail is called 'zzz.bin'",
            "Restrict: *.txt, zzz.bin to group:envoy\n",
            id="what is not there is told first",
        ),
        pytest.param("Restrict: a.txt to group:envoy", WITH_NOTICE, None, None, id="the others are restricted"),
        pytest.param("Restrict: *.txt to all", WITH_NOTICE, None, None, id="to all"),
        pytest.param(
            "Restrict: notice.txt to group:envoy\nPublic-Notice: a.txt", WITH_NOTICE, None, None, id="another notice"
        ),
    ],
)
def test_what_some_may_not_have_goes_public_by_no_later_line_either(text, stands, why, corrected):
    found = order(text, stands)

    if why is None:
        assert found.complaints == ()
        return
    (complaint,) = found.complaints
    assert why in complaint.why
    assert found.corrected == corrected
    assert found.is_ready is ("Restrict: *.txt" not in text)


def test_a_release_now_must_keep_the_maximum_to_the_date_that_stands():
    far = replace(REPLY, hold_until=NOW + timedelta(days=30), embargo_until=NOW + timedelta(days=110))

    found = order("Hold-Until: now", far)

    assert found.complaints
    assert found.corrected == "Hold-Until: now\nEmbargo-Until: 2027-02-19 17:00 UTC\n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{PUBLIC}Scope: group:zzz", id="a scope of nobody known"),
        pytest.param(f"{PUBLIC}Restrict: fix.patch to group:zzz", id="restricted to nobody known"),
        pytest.param(f"{PUBLIC}Restrict: zzz.bin to group:envoy", id="a restriction of nothing that is attached"),
        pytest.param(f"{PUBLIC}Restrict: fix.patch", id="restricted to whom"),
    ],
)
def test_nothing_is_proposed_that_could_reveal_more(text):
    found = order(text)

    assert not found.is_ready
    assert found.corrected == text + "\n"


def test_the_block_to_paste_covers_an_attachment_once_it_is_attached():
    found = order(f"{PUBLIC}Restrict: zzz.bin to group:envoy")

    assert order(found.corrected, replace(HERE, attachments=("zzz.bin",))).complaints == ()


def test_readings_are_offered_line_by_line():
    found = order("Hold-Until: 2026-11-24 17:00\nEmbargo-Until: 02/06/2027 10:00 UTC\n")

    assert [(c.line, [r.value for r in c.readings]) for c in found.complaints] == [
        ("Hold-Until: 2026-11-24 17:00", ["2026-11-24 17:00 UTC", "2026-11-25 01:00 UTC"]),
        ("Embargo-Until: 02/06/2027 10:00 UTC", ["2027-02-06 10:00 UTC"]),
    ]
    assert "2027-06-02 10:00 UTC is more than 90 days after members get it" in found.complaints[1].why


def test_a_proposal_is_called_one():
    found = order(f"Hold-Until: 2026-11-20 12:00 UTC\n{PUBLIC}")

    assert "proposal, not a reading" in found.complaints[0].why
    assert found.complaints[0].readings == ()


def test_a_list_without_public_address_takes_no_notice():
    found = order(f"{PUBLIC}Public-Notice: notice.txt", replace(HERE, has_public_address=False))

    assert "public_address" in found.complaints[0].why
    assert found.corrected == PUBLIC


@pytest.mark.parametrize(
    ("default", "hold", "expected"),
    [
        ("14d", "", NOW + timedelta(days=14)),
        ("patch-day", "", utc("2026-12-09 01:00")),
        ("14d", "Hold-Until: 2026-12-01 10:00 UTC", utc("2026-12-15 10:00")),
    ],
)
def test_a_list_may_have_a_default_date(default, hold, expected):
    found = order(f"TLP: RED\n{hold}", replace(HERE, default_embargo=default))

    assert found.complaints == ()
    assert found.embargo_until == expected


def test_a_list_may_ask_for_a_scope_and_then_none_is_guessed():
    strict = replace(HERE, default_scope="")

    assert order(PUBLIC, strict).complaints
    assert not order(PUBLIC, strict).is_ready
    assert order(PUBLIC + "Scope: all", strict).complaints == ()
    assert order("TLP: RED", replace(strict, is_reply=True)).complaints == ()


@pytest.mark.parametrize("role", ["member", None])
@pytest.mark.parametrize("text", [PUBLIC, "Lift: now", "Hi\n\nHold-Untill: now", "Withdraw: x", "Preview: yes"])
def test_only_coordinators_steer(role, text):
    found = order(text, replace(REPLY, role=role))

    assert found.complaints
    assert order(found.corrected, replace(REPLY, role=role)).complaints == ()


def test_a_member_acknowledges():
    assert order("Ack: yes", replace(REPLY, role="member")).ack
    assert not order("Ack: no", replace(REPLY, role="member")).ack
    assert order("Ack: perhaps", replace(REPLY, role="member")).complaints


@pytest.mark.parametrize("role", ["coordinator", "member", None])
@pytest.mark.parametrize("is_reply", [True, False])
def test_a_leak_line_is_no_reason_for_a_complaint(role, is_reply):
    found = order("Leak-Whatt: the patch\nLeak-By: martians\n\ntext", replace(REPLY, role=role, is_reply=is_reply))

    assert found.complaints == ()
    assert found.leak.what == "the patch"


def test_a_complaint_about_another_line_leaves_the_leak_report_alone():
    found = order("Leak: the patch\nFoo: bar\nHold-Untill: x\n", REPLY)

    assert found.complaints
    assert found.leak.what == "the patch"
    assert "Leak" not in found.corrected


def test_a_text_that_is_too_long_to_be_searched_is_kept_back():
    assert order(PUBLIC + "\n" + "a\n" * 60_000).complaints
