"""The gate compares measurements with limits and rules, and decides whether a change passes. This
package reads and writes no files. The command line maps the decision to an exit code.
"""
