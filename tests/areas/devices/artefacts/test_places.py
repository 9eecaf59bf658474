"""Where artefacts lie: paths of real phones find their artefact, and no other path does."""

import hashlib

import pytest

from answerable.areas.devices.acquisition.finding import PathIndex
from answerable.areas.devices.artefacts.registry import artefacts

HOME, MOBILE = "HomeDomain/Library", "private/var/mobile/Library"
APP = "private/var/mobile/Containers/Data/Application/6A0D7E5B-0000-4444-8888-CCCCCCCCCCCC"
GROUP = "private/var/mobile/Containers/Shared/AppGroup/6A0D7E5B-0000-4444-8888-CCCCCCCCCCCC"
SAFARI, CHROME = "AppDomain-com.apple.mobilesafari/Library", "AppDomain-com.google.chrome.ios/Library"
WHATSAPP = "AppDomainGroup-group.net.whatsapp.WhatsApp.shared"
FIREFOX = "AppDomainGroup-group.org.mozilla.ios.Firefox"
STATISTICS = "WebKit/WebsiteData/ResourceLoadStatistics"
BACKUP = [
    ("calendar", f"{HOME}/Calendar/Calendar.sqlitedb"),
    ("calls", f"{HOME}/CallHistoryDB/CallHistory.storedata"),
    ("chrome_history", f"{CHROME}/Application Support/Google/Chrome/Default/History"),
    ("chrome_history", f"{CHROME.replace('.ios', '.ios.beta')}/Application Support/Google/Chrome/Default/History"),
    ("chrome_icons", f"{CHROME}/Application Support/Google/Chrome/Default/Favicons"),
    ("contacts", f"{HOME}/AddressBook/AddressBook.sqlitedb"),
    ("firefox_history", f"{FIREFOX}/profile.profile/browser.db"),
    ("firefox_history", f"{FIREFOX}Beta/profile.profile/browser.db"),
    ("firefox_icons", f"{FIREFOX}/profile.profile/browser.db"),
    ("firefox_places", f"{FIREFOX}/profile.profile/places.db"),
    ("interactions", f"{HOME}/CoreDuet/People/interactionC.db"),
    ("permissions", f"{HOME}/TCC/TCC.db"),
    ("safari_bookmarks", f"{HOME}/Safari/Bookmarks.db"),
    ("safari_history", f"{HOME}/Safari/History.db"),
    ("safari_history", f"{SAFARI}/Safari/Profiles/1F0E/History.db"),
    ("safari_tab_groups", f"{SAFARI}/Safari/SafariTabs.db"),
    ("safari_tabs", f"{SAFARI}/Safari/BrowserState.db"),
    ("shortcuts", f"{HOME}/Shortcuts/Shortcuts.sqlite"),
    ("sms", f"{HOME}/SMS/sms.db"),
    ("sms_attachments", f"{HOME}/SMS/sms.db"),
    ("sms_previews", f"{HOME}/SMS/sms.db"),
    ("webkit_redirections", f"{SAFARI}/{STATISTICS}/full_browsing_session_resourceLog.plist"),
    ("webkit_sites", f"{SAFARI}/{STATISTICS}/observations.db"),
    ("whatsapp", f"{WHATSAPP}/ChatStorage.sqlite"),
    ("whatsapp", "AppDomain-net.whatsapp.WhatsApp/Documents/ChatStorage.sqlite"),
    ("whatsapp_calls", f"{WHATSAPP}/CallHistory.sqlite"),
    ("whatsapp_contacts", f"{WHATSAPP}/ContactsV2.sqlite"),
    ("whatsapp_identifiers", f"{WHATSAPP}/LID.sqlite"),
    ("whatsapp_links", f"{WHATSAPP}/ChatStorage.sqlite"),
    ("whatsapp_media", f"{WHATSAPP}/ChatStorage.sqlite"),
]
FILES = [
    ("caches", f"{APP}/Library/Caches/com.example.app/Cache.db"),
    ("caches", f"{MOBILE}/Caches/com.apple.example/Cache.db"),
    ("calendar", f"{MOBILE}/Calendar/Calendar.sqlitedb"),
    ("calls", f"{MOBILE}/CallHistoryDB/CallHistory.storedata"),
    ("chrome_history", f"{APP}/Library/Application Support/Google/Chrome/Default/History"),
    ("chrome_icons", f"{APP}/Library/Application Support/Google/Chrome/Default/Favicons"),
    ("contacts", f"{MOBILE}/AddressBook/AddressBook.sqlitedb"),
    ("firefox_history", f"{GROUP}/profile.profile/browser.db"),
    ("firefox_icons", f"{GROUP}/profile.profile/browser.db"),
    ("firefox_places", f"{GROUP}/profile.profile/places.db"),
    ("interactions", f"{MOBILE}/CoreDuet/People/interactionC.db"),
    ("permissions", f"{MOBILE}/TCC/TCC.db"),
    ("safari_bookmarks", f"{MOBILE}/Safari/Bookmarks.db"),
    ("safari_history", f"{MOBILE}/Safari/History.db"),
    ("safari_icons", f"{APP}/Library/Image Cache/Favicons/Favicons.db"),
    ("safari_icons", f"{MOBILE}/Image Cache/Favicons/Favicons.db"),
    ("safari_tab_groups", f"{APP}/Library/Safari/SafariTabs.db"),
    ("safari_tabs", f"{MOBILE}/Safari/BrowserState.db"),
    ("shortcuts", f"{MOBILE}/Shortcuts/Shortcuts.sqlite"),
    ("sms", f"{MOBILE}/SMS/sms.db"),
    ("webkit_redirections", f"{APP}/Library/{STATISTICS}/observations.db"),
    ("webkit_sites", f"{APP}/Library/WebKit/WebsiteDataStore/1F0E/ResourceLoadStatistics/observations.db"),
    ("whatsapp", f"{GROUP}/ChatStorage.sqlite"),
    ("whatsapp_calls", f"{GROUP}/CallHistory.sqlite"),
    ("whatsapp_contacts", f"{GROUP}/ContactsV2.sqlite"),
    ("whatsapp_identifiers", f"{GROUP}/LID.sqlite"),
]
IDENTIFIERS = {
    f"{HOME}/SMS/sms.db": "3d0d7e5fb2ce288813306e4d4636395e047a3d28",
    f"{HOME}/AddressBook/AddressBook.sqlitedb": "31bb7ba8914766d4ba40d6dfb6113c8b614be442",
    f"{HOME}/CallHistoryDB/CallHistory.storedata": "5a4935c78a5255723f707230a451d79c540d2741",
    f"{HOME}/Calendar/Calendar.sqlitedb": "2041457d5fe04d39d0ab481178355df6781e6858",
    f"{HOME}/CoreDuet/People/interactionC.db": "1f5a521220a3ad80ebfdc196978df8e7a2e49dee",
    f"{HOME}/TCC/TCC.db": "64d0019cb3d46bfc8cce545a8ba54b93e7ea9347",
    f"{WHATSAPP}/ChatStorage.sqlite": "7c7fba66680ef796b916b067077cc246adacf01d",
}
"""Names that these files are publicly known to have in every backup: SHA-1 of domain and path."""


def found(kind, path):
    index = PathIndex({path: ""})
    return {one.name for one in artefacts() for pattern in one.places.get(kind, ()) if index.match(pattern)}


@pytest.mark.parametrize(("artefact", "path"), BACKUP)
def test_places_in_a_backup(artefact, path):
    assert artefact in found("ios backup", path)
    assert artefact not in found("ios backup", f"{path}.old") | found("ios backup", f"x/{path}")


@pytest.mark.parametrize(("artefact", "path"), FILES)
def test_places_in_a_file_system(artefact, path):
    assert artefact in found("ios file system", path)
    assert artefact not in found("ios file system", f"{path}.old") | found("ios file system", f"other/{path}")


@pytest.mark.parametrize("path", IDENTIFIERS)
def test_paths_give_the_names_that_backups_have(path):
    domain, _, relative = path.partition("/")
    assert hashlib.sha1(f"{domain}-{relative}".encode()).hexdigest() == IDENTIFIERS[path]
    assert any(path == known for _, known in BACKUP)
