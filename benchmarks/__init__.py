"""
This app against its peers: the same messages, the same stand-in for the Data Map, the same host rules, one run.

`make bench` runs it and writes docs/benchmarks.md, which also says how it is measured and what that does not say.
"""
