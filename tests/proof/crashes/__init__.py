# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What crash.py is made of: who is there, what they do, what breaks, and what must hold afterwards."""
