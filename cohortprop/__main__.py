"""`python -m cohortprop` is `cohortprop`."""

from __future__ import annotations

from cohortprop.cli import main

if __name__ == "__main__":
    main()
