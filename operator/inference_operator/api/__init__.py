"""The custom resources as pydantic types, source of `crds/`; imports nothing of ours."""
