# SPDX-License-Identifier: MIT
# The descriptors of this process and the lowest free one, without what differs from run to run.
import os
import re

for name in sorted(os.listdir("/proc/self/fd"), key=int):
    try:
        target = os.readlink(f"/proc/self/fd/{name}")
    except OSError:  # the one that listed the directory
        continue
    target = re.sub(r"\[\d+\]", "", target)
    print(name, re.sub(r"(plain|preloaded)\d+\.(out|err)", r"\2", target))
print("lowest free", os.dup(0))
