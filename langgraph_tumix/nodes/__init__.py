"""The nodes of the graph, one file each: intake, agent, judge, aggregate."""
