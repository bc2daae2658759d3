"""Reads metrics as Prometheus' own client for Python does: read_metrics.py FILE (environment: current).

FILE: an answer of /metrics. Prints a JSON object: by family its `type`, and its `samples` as lists of name, labels and
value. Ends with an error where a family comes twice or a histogram is none.
"""
import collections
import json
import sys

from prometheus_client.parser import text_string_to_metric_families


def check_histogram(family):
    """Each series has ascending buckets up to +Inf, a sum, and a count that is that of the last bucket."""
    buckets, counts, sums = collections.defaultdict(list), {}, {}
    for sample in family.samples:
        key = tuple(sorted((name, value) for name, value in sample.labels.items() if name != "le"))
        if sample.name == family.name + "_bucket":
            buckets[key].append((float(sample.labels["le"]), sample.value))
        elif sample.name == family.name + "_count":
            counts[key] = sample.value
        else:
            assert sample.name == family.name + "_sum", sample.name
            sums[key] = sample.value
    assert buckets.keys() == counts.keys() == sums.keys(), family.name
    for key, series in buckets.items():
        assert series == sorted(series) and len({bound for bound, _ in series}) == len(series), (family.name, key)
        assert [count for _, count in series] == sorted(count for _, count in series), (family.name, key)
        assert series[-1] == (float("inf"), counts[key]), (family.name, key)


def main(path):
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    families = {}
    for family in text_string_to_metric_families(text):
        assert family.name not in families, "%s comes twice" % family.name
        assert family.documentation and family.type != "unknown", "%s has no help or type" % family.name
        if family.type == "histogram":
            check_histogram(family)
        samples = [[sample.name, sample.labels, sample.value] for sample in family.samples]
        families[family.name] = {"type": family.type, "samples": samples}
    json.dump(families, sys.stdout)


main(sys.argv[1])
