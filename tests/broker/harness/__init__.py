# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What the broker tests stand on: a mosquitto of their own, userSigs, and clients."""
