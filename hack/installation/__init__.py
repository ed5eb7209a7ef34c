"""Files that install the operator without a build: dist/install.yaml and the Helm chart."""
