"""
The Functions host's part, played locally: `function_app.py` runs on Microsoft's own Python runtime, and this package
adds what the .NET host does around it: the queue listener's rules, HTTP routes and keys, host.json and app settings.
"""
