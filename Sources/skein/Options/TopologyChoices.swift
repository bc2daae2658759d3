public import ArgumentParser
public import GraphDrawing
public import Topology

extension GraphFormat: ExpressibleByArgument {}
extension TopologyQuery.Grouping: ExpressibleByArgument {}
