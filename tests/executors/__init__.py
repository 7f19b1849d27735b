"""Tests that need executors: Redis, and the providers celery, cncf-kubernetes and amazon. The tox
environment ``executors`` has them.
"""
