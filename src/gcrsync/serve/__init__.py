"""The embedded registry: a folder of OCI image layouts over the distribution API."""
