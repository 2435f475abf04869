"""What holds for every test."""

from hypothesis import settings

# No deadline: the time of an example depends on the load of the machine. `make test` tries the same examples on every
# run, so a failure comes from the change; `make test-random` tries new ones.
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("random", deadline=None, print_blob=True)
settings.load_profile("same")
