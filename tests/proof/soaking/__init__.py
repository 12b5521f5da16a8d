# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What soak.py is made of: clients on one loop, a crowd that does nothing, what is counted and what is watched."""
