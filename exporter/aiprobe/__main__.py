"""`python -m aiprobe` is the command `aiprobe`."""

from aiprobe.cli import main

main(prog_name="aiprobe")
