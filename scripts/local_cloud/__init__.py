"""The local cloud: EMR that really runs steps, beside a general emulator, all on 127.0.0.1.

    python -m scripts.local_cloud start|stop|clean|serve

A cluster is a folder, `.cloud/clusters/ID/`, and real processes: its bootstrap actions, then its
steps through a real spark-submit, with the instance role's credentials. Nothing of it outlives the
server. Of a cluster's instances only the primary runs anything.

`LOCAL_CLOUD_TIME_SCALE` (1 when it is not set) says how many seconds of idle time, or of waiting
for logs, pass in one: with 60, an idle timeout of a minute passes in a second. EMR's five minutes
until a step's logs are in S3 are scaled too, and never take more than 5 seconds here. What
processes do is never scaled. `faults.py` lists what can go wrong on purpose.
"""

from scripts.local_cloud.testing import RunningCloud, local_cloud

__all__ = ["RunningCloud", "local_cloud"]
