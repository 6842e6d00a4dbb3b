import sys

from .cli import plot

sys.exit(plot())
