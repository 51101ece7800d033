"""The server: a lake's answers over HTTP, as a stream, and as a page to keep open.

It computes nothing itself: every answer is one of :mod:`runout.api`, so that HTTP, command line and notebook give the
same bytes. Models run in worker processes of bounded number and time; reading tables runs in threads.
"""
