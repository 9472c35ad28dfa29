"""Names of browsers and operating systems common enough to be kept in pseudonymised exports.

Spelt as browsers and user agent parsers spell them, ignoring case. Any other name is arbitrary text from a caller.
"""

from __future__ import annotations

BROWSERS = (
    "Android Browser", "Android WebView", "Brave", "Chrome", "Chrome Headless", "Chrome Mobile", "Chrome Mobile iOS",
    "Chrome WebView", "Chromium", "DuckDuckGo", "Edge", "Edge Mobile", "Electron", "Facebook", "Firefox",
    "Firefox Focus", "Firefox iOS", "Firefox Mobile", "Google", "Google Chrome", "GSA", "Headless Chrome",
    "HeadlessChrome", "Huawei Browser", "IE", "Instagram", "Internet Explorer", "LinkedIn", "Microsoft Edge",
    "MIUI Browser", "Mobile Chrome", "Mobile Firefox", "Mobile Safari", "Mozilla Firefox", "Opera", "Opera GX",
    "Opera Mini", "Opera Mobi", "Opera Mobile", "Opera Touch", "QQBrowser", "Safari", "Samsung Internet", "Silk",
    "TikTok", "UC Browser", "UCBrowser", "Unknown", "Vivaldi", "WebKit", "WeChat", "Whale", "Yandex", "Yandex Browser",
)  # fmt: skip

SYSTEMS = (
    "Android", "Arch", "CentOS", "Chrome OS", "ChromeOS", "Chromium OS", "Debian", "Fedora", "FreeBSD", "HarmonyOS",
    "iOS", "iPadOS", "KaiOS", "Linux", "Mac", "Mac OS", "Mac OS X", "macOS", "Manjaro", "Mint", "NetBSD", "OpenBSD",
    "OS X", "openSUSE", "PlayStation", "Red Hat", "SUSE", "Tizen", "Ubuntu", "Unknown", "visionOS", "watchOS",
    "webOS", "Windows", "Windows Mobile", "Windows Phone", "Xbox",
)  # fmt: skip
