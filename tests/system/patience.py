# SPDX-License-Identifier: MIT
"""How long tests wait for what must come."""
# Seconds after which something will not come any more. A busy machine takes its time; yet less than sshd's LoginGraceTime, so
# that what ends only by that counts as not ended.
PATIENCE = 90
