"""The subcommands of `inference-operator`."""
