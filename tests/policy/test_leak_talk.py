"""Prose that speaks of a leak, and prose that only sounds like it."""

from __future__ import annotations

import pytest

from policy.prose import speaks_of_leak

SPEAKS = (
    "The embargo has now been broken.",
    "Hello,\n\nthe embargo was\nbroken this morning.",
    "It seems that somebody broke the embargo.",
    "What if a vendor breaks embargo?",
    "There was a breach of the embargo on our side.",
    "The patch was made public prematurely.",
    "One of our engineers made it public.",
    "The bug is already public.",
    "It went public an hour ago.",
    "We forwarded it to a customer by mistake.",
    "By mistake, the notes were included.",
    "I pushed the fix to our mirror.",
    "The commit was pushed to github this morning.",
    "Our CI pushed to the release branch.",
    "It was CC'ed to netfilter-devel, which is a public mailing list.",
    "My mail was cc\u2019ed to another list.",
    "Sorry, the whole thread was cc'd to the public list.",
    "The patch has leaked.",
    "I think we have a leak.",
    "We leaked the advisory.",
    "There seems to be a leak of the patch.",
    "Parts of it may have leaked.",
    "We could not prevent a leak.",
    "An intern accidentally published the advisory.",
    "The draft was accidentally forwarded to all staff.",
    "The advisory was posted prematurely.",
    "It was inadvertently attached to a ticket.",
    "I sent it to the wrong list.",
    "I have sent this to the wrong person.",
    "The details are on twitter.",
    "The exploit was posted on GitHub.",
    "The issue was independently rediscovered.",
    "Somebody outside our team has seen it.",
    "The merge request was visible in our public tracker.",
    "I am afraid that the fix is on our public git server.",
    "The patch can be had from a public mirror since yesterday.",
    "Our notes stood on an open wiki for an hour.",
    "A build with it lay in a public bucket.",
    "The CVE was already published.",
    "One of us told a journalist.",
    "This should not have been made public, but it was made public.",
    "Not sure how, but we made it public.",
    "The fix is publicly visible in our repository.",
    "Thanks for the patch.\n\n-- \nBob\nPS we leaked it",
)
SILENT = (
    "I uploaded my renewed key to the public key server.",
    "It went to an open source server project first, so we build it ourselves.",
    "Traffic goes to the public facing server.",
    "We deploy to the public cloud server.",
    "Every public DNS server that runs this is affected, and any open wiki.",
    "The exploit needs a public S3 bucket.",
    "We test it on a server of our own.",
    "It opens the server's port again.",
    "There is no leak on our side.",
    "We did not leak anything.",
    "We keep the patch internal to avoid a leak.",
    "To prevent leaks we only built it on one machine.",
    "The bug is a memory leak.",
    "There is a leak in the parser.",
    "It leaks memory when a header is folded.",
    "The function leaks kernel pointers.",
    "This looks like an information leak to me.",
    "The patch adds a file descriptor leak.",
    "It leaks up to 16 bytes of the stack.",
    "The fix will be made public on the 8th.",
    "Please keep this confidential until it is made public.",
    "Once it is public we will update our customers' page.",
    "Please don't make it public yet.",
    "We have not made anything public.",
    "The fix was pushed to our internal build branch.",
    "Could the date be pushed back to Thursday?",
    "We pushed the release to Friday.",
    "What should we do in case of a leak?",
    "Let us know if it leaks.",
    "How do I report a leak?",
    "Tuesday is a public holiday here.",
    "What is the public date?",
    "Tested the patch, no issues.",
    "We need three more days for testing.",
    "Is version 1.4 affected as well?",
    "> The embargo has been broken.\n\nWhat does that mean for us?",
    "On Monday Alice wrote:\n> the patch has leaked\n\nNoted.",
    "Received and understood.",
    "The test suite broke with the second patch.",
    "We will mail our customers after the lift.",
    "Does the embargo still end on Tuesday?",
    "",
)


@pytest.mark.parametrize("text", SPEAKS)
def test_the_writer_is_asked(text):
    assert speaks_of_leak(text)


@pytest.mark.parametrize("text", SILENT)
def test_an_ordinary_reply_is_passed_on(text):
    assert not speaks_of_leak(text)


def test_a_leak_is_found_at_the_end_of_a_very_long_sentence():
    assert speaks_of_leak("and so on " * 1000 + "we leaked it")


def test_a_text_without_a_full_stop_is_read_in_no_time():
    assert not speaks_of_leak("pushed by cc'ed the sent and made it on the " * 20_000)
