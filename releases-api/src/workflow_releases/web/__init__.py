"""HTTP: routes, the page, the metrics. What is decided is decided below; this turns it into answers.

Nothing here logs or keeps an address, a check-in's body, or a header beyond the answer it is for.
"""
