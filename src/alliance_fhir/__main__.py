"""`python -m alliance_fhir` is `alliance-fhir`."""

from alliance_fhir.cli import main

if __name__ == "__main__":
    main()
