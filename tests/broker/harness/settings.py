# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Where things are, and how patient to be."""
import os
import pathlib
import shutil

CHECKOUT = pathlib.Path(__file__).resolve().parents[3]
BUILD_DIR = pathlib.Path(os.environ.get("BUILD_DIR", CHECKOUT / "build"))
PLUGIN = BUILD_DIR / "mosquitto_chat.so"
CHATCTL = BUILD_DIR / "chatctl"
MOSQUITTO = os.environ.get("MOSQUITTO") or shutil.which("mosquitto") or "/usr/sbin/mosquitto"
MOSQUITTO_2_1 = os.environ.get("MOSQUITTO_2_1", "")  # a second one, for what only 2.1 has
PRELOAD = os.environ.get("CHAT_PRELOAD", "")
# 0: whoever is not in use leaves memory at once, whatever the test is about. None: the default.
CACHE_SECONDS = os.environ.get("CHAT_CACHE_SECONDS")

# How many seconds an awaited event may take. Only a failing test waits that long.
PATIENCE = float(os.environ.get("PATIENCE", 30 if PRELOAD else 10))

SDKAPPID = 1400000000
KEY = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
ADMIN = "admin"
