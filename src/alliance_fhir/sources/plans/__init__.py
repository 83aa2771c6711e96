"""Plan documents: YAML or JSON, one version of one plan in each file."""
