"""What ``benchmarks.run`` is made of: the namespaces it copies, the tools that copy them, and what that costs."""
