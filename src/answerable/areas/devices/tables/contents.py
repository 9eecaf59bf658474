"""Tables of what people did on a phone: pages, messages, calls, contacts, calendars."""

from __future__ import annotations

from answerable.areas.devices.tables.declared import phone_table

VISITS = phone_table(
    "visits",
    "one visit of a browser to a page",
    url="address of the page",
    host="its host, in one spelling",
    title="title of the page",
    browser="Safari, Chrome, Firefox, ...",
    profile="profile of the browser; empty for the usual one",
    redirect_source="row of the visit that led here by a redirect",
    redirect_destination="row of the visit to which this one was redirected",
    synced="?: whether another device of the same account made the visit; null where it is not said",
)
ADDRESSES = phone_table(
    "addresses",
    "one address of a page that the phone holds without its being a visit",
    url="the address, or the bare domain",
    host="its host, in one spelling",
    what="what held it: tab, icon, cache, shortcut, website data, statistics, setting",
    title="text beside it",
    within="the page, host or app in whose name it was held",
)
REDIRECTIONS = phone_table(
    "redirections",
    "one redirection between sites that WebKit noted",
    origin="registrable domain, or address, that was left or on whose page it happened",
    destination="where it led",
    origin_host="host of origin, in one spelling",
    destination_host="host of destination, in one spelling",
    kind="how it was noted, as redirect source, subresource, top frame",
)
MESSAGES = phone_table(
    "messages",
    "one message",
    app="the app or service: SMS, iMessage, WhatsApp, MMS, ...",
    chat="conversation",
    sender="address or number of who sent it; empty where the phone's owner did",
    recipient="address or number of who received it, where known",
    from_owner="?: whether the phone's owner sent it",
    text="what it says",
    subject="subject line",
    kind="the service's own word for its kind; empty for an ordinary message",
)
LINKS = phone_table(
    "links",
    "one link in a text: of a message, a calendar entry, a note",
    url="the link as written",
    host="its host, in one spelling",
    within="the table that the text stands in, as messages",
    field="the column that the text stands in",
)
ATTACHMENTS = phone_table(
    "attachments",
    "one file that came or went with a message",
    path="path or name of the file",
    type="media type",
    from_owner="?: whether the phone's owner sent it",
    size="n: bytes",
    message="row of the message",
)
CALLS = phone_table(
    "calls",
    "one call",
    number="number or address of the other side",
    app="the app or service that carried it",
    from_owner="?: whether the phone's owner called",
    answered="?: whether it was answered",
    duration="x: seconds",
)
CONTACTS = phone_table(
    "contacts",
    "one number or address of a contact",
    name="name of the contact",
    organisation="organisation",
    address="number, e-mail address or other address",
    kind="phone, email, ...",
)
INTERACTIONS = phone_table(
    "interactions",
    "one exchange with another person that the system noted",
    app="bundle or package of the app",
    sender="who sent",
    recipient="who received",
    from_owner="?: whether the phone's owner was the sender",
    mechanism="the system's own word for the kind of exchange",
    account="account of the phone's owner",
    ended="t: when it ended",
)
CALENDAR_ENTRIES = phone_table(
    "calendar_entries",
    "one entry of a calendar",
    summary="title",
    description="text",
    location="place",
    links="addresses of pages that the entry names beside its text, separated by spaces",
    organiser="e-mail address of who organised it",
    attendees="e-mail addresses of who is invited, separated by spaces",
    begins="t: when it begins",
    ends="t: when it ends",
    created="t: when it was made",
    modified="t: when it was last changed",
)
IDENTITIES = phone_table(
    "identities",
    "one address that the phone asked Apple's identity service about",
    address="the address as kept, as mailto:name@example.org",
    email="the e-mail address, where it is one",
    status="what the service answered",
    service="which service asked",
)
