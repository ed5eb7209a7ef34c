"""`python -m inference_operator.cli.rollout_commands`."""

from inference_operator.cli.rollout_commands.main import main

raise SystemExit(main())
