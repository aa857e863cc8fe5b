"""What a campaign found, for people and programs: one HTML page, a table as CSV and JSON, and a few lines of text.

It reads the store and nothing else, so a report can be made at any time, also beside a running daemon.
"""

from autodisco.report.summary import summary
from autodisco.report.write import write_report

__all__ = ["summary", "write_report"]
