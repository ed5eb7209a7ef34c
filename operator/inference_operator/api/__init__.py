"""The custom resources as pydantic types, from which `crds/` is generated; imports nothing of ours."""
