"""What a release is put through, and CI more briefly: `make release-faults ROUNDS=100`."""

import os

# minutes, of both cores: not with `make test`
collect_ignore_glob = [] if "FAIRQUOTA_ROUNDS" in os.environ else ["test_*.py"]
