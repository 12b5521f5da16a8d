# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""A broker with a chatgate that serves the page."""
import json
import shutil
import urllib.parse

from gatehouse import Gatehouse
from harness.settings import SDKAPPID


class PageHouse(Gatehouse):
    """`page` is the folder that scripts/web made; `options` are the plugin's."""

    def __init__(self, page, **options):
        super().__init__(**options)
        self.web, media = self.folder / "web", self.folder / "media"
        media.mkdir()
        shutil.copytree(page, self.web)
        self.broker.options.setdefault("media_dir", media)
        self.set("files", web_dir=self.web, media_dir=media)
        self.url = f"http://localhost:{self.port.number}/"
        self.configure_page()

    def configure_page(self, **changes):
        """config.json beside the page's index.html."""
        settings = {"SDKAppID": SDKAPPID, "url": f"ws://{{host}}:{self.broker.websocket.number}", "httpUrl": "", **changes}
        (self.web / "config.json").write_text(json.dumps(settings))

    def link(self, user, sig=None, **knobs):
        """What scripts/run prints: who opens it is signed in."""
        given = sig if sig is not None else self.broker.sig(user, **knobs)
        return self.url + "#" + urllib.parse.urlencode({"user": user, "sig": given}, safe="*-_")
