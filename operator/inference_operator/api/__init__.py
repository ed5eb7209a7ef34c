"""The custom resources as pydantic types, which generate `crds/`; the lowest layer."""
