"""What happened, for other programs: frames for pandas, CSV files, and spans for OpenTelemetry."""

from langgraph_tumix.export.frames import Frames, frames, write_csv
from langgraph_tumix.export.spans import Spans
from langgraph_tumix.export.tables import tables

__all__ = ["Frames", "Spans", "frames", "tables", "write_csv"]
