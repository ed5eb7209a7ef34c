"""`python -m inference_operator.cli`."""

from inference_operator.cli.main import main

raise SystemExit(main())
