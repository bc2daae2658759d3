"""Answers questions on statistics as SciPy does: judge_statistics.py FILE (environment: current).

FILE: a JSON array of objects with `ask`, the name of a function below, and its arguments, numbers or arrays of numbers.
Prints the array with an `answer`, a number or an array of numbers, in each.
"""
import json
import math
import sys

import numpy
from scipy import optimize, special, stats

ALTERNATIVES = {"greater": "greater", "less": "less", "different": "two-sided"}


def share_interval(count, total, confidence):
    """Clopper and Pearson's; with broken totals by the beta distribution that theirs is made of."""
    if total == int(total) and count == int(count):
        found = stats.binomtest(int(count), int(total)).proportion_ci(confidence, method="exact")
        return [found.low, found.high]
    tail = (1 - confidence) / 2
    return [stats.beta.ppf(tail, count, total - count + 1), stats.beta.ppf(1 - tail, count + 1, total - count)]


def wilson_interval(count, total, confidence):
    found = stats.binomtest(int(count), int(total)).proportion_ci(confidence, method="wilson")
    return [found.low, found.high]


def share_difference(count, total, base_count, base_total, confidence):
    """Newcombe's method 10."""
    own, base = count / total, base_count / base_total
    low, high = wilson_interval(count, total, confidence)
    base_low, base_high = wilson_interval(base_count, base_total, confidence)
    return [
        max(-1, own - base - math.hypot(own - low, base_high - base)),
        min(1, own - base + math.hypot(high - own, base - base_low)),
    ]


def fisher(count, total, base_count, base_total, alternative):
    table = [[count, total - count], [base_count, base_total - base_count]]
    found = stats.fisher_exact(table, alternative=ALTERNATIVES[alternative]).pvalue
    seen = stats.hypergeom.pmf(count, total + base_total, count + base_count, total)
    return [found, found - seen / 2]


def mann_whitney(values, counts, base_counts, alternative):
    """Of durations that have few values: p and the probability of superiority."""
    own, base = numpy.repeat(values, counts), numpy.repeat(values, base_counts)
    found = stats.mannwhitneyu(own, base, alternative=ALTERNATIVES[alternative], method="asymptotic")
    return [found.pvalue, found.statistic / len(own) / len(base)]


def smirnov(values, counts, base_counts):
    """The distance, and the limit of its distribution with Stephens' change."""
    own, base = numpy.repeat(values, counts), numpy.repeat(values, base_counts)
    distance = stats.ks_2samp(own, base).statistic
    root = math.sqrt(len(own) * len(base) / (len(own) + len(base)))
    return [distance, stats.kstwobign.sf((root + 0.12 + 0.11 / root) * distance)]


def quantile_ranks(part, total, confidence):
    """Ranks of the interval of a quantile, 0 or total + 1 where there is none."""
    tail = (1 - confidence) / 2
    below = stats.binom.cdf(numpy.arange(-1, total + 1), total, part)
    lower = int(numpy.searchsorted(below, tail, side="right")) - 1
    upper = int(numpy.searchsorted(below, 1 - tail, side="left"))
    return [max(lower, 0), upper]


def share_sequence(count, total, base_count, base_total, confidence):
    """Evidence that the own share is greater, the interval of the difference, and that of the own share."""
    groups = [(base_count, base_total), (count, total)]

    def log_mean(groups):
        return special.logsumexp([
            math.log(0.5) + sum(special.betaln(x + a, n - x + b) - special.betaln(a, b) for x, n in groups)
            for a, b in [(0.5, 0.5), (0.5, 20)]
        ])

    def log_likelihood(group, share):
        count, total = group
        return special.xlogy(count, share) + special.xlog1py(total - count, -share)

    def most_likely(difference):
        low, high = max(0, -difference), min(1, 1 - difference)
        found = optimize.minimize_scalar(
            lambda share: -log_likelihood(groups[0], share) - log_likelihood(groups[1], share + difference),
            bounds=(low, high), method="bounded", options={"xatol": 1e-13})
        return -found.fun

    def bound(function, inside, end):
        return optimize.brentq(function, inside, end, xtol=1e-12) if function(end) < 0 else end

    edge = 1 - 1e-12
    seen, limit = count / total - base_count / base_total, log_mean(groups) + math.log(1 - confidence)
    own_limit = log_mean(groups[1:]) + math.log(1 - confidence)
    greater = log_mean(groups) - (most_likely(0) if seen > 0 else sum(log_likelihood(g, g[0] / g[1]) for g in groups))
    return [
        greater,
        bound(lambda difference: most_likely(difference) - limit, seen, -edge),
        bound(lambda difference: most_likely(difference) - limit, seen, edge),
        bound(lambda share: log_likelihood(groups[1], share) - own_limit, count / total, 1e-15),
        bound(lambda share: log_likelihood(groups[1], share) - own_limit, count / total, edge),
    ]


def superiority_interval(superiority, base_total, total, confidence):
    """Newcombe's method 5."""
    z, size = stats.norm.ppf((1 + confidence) / 2), (base_total + total) / 2 - 1

    def distance(value):
        pairs = 1 + size * ((1 - value) / (2 - value) + value / (1 + value))
        return abs(superiority - value) - z * math.sqrt(value * (1 - value) * pairs / base_total / total)

    def bound(end):
        inside = superiority + (end - superiority) * 1e-9
        return optimize.brentq(distance, inside, end, xtol=1e-13) if distance(end) > 0 else end
    return [bound(0.0), bound(1.0)]


def g_test(count, total, others_count, others_total):
    table = [[count, total - count], [others_count, others_total - others_count]]
    found = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")
    return [found.statistic, found.pvalue]


def chi_squared_above(value, degrees):
    return stats.chi2.sf(value, degrees)


def normal_quantile(part):
    return stats.norm.ppf(part)


def beta_part(x, a, b):
    return special.betainc(a, b, x)


def beta_quantile(part, a, b):
    return special.betaincinv(a, b, part)


def kolmogorov_above(x):
    return stats.kstwobign.sf(x)


def benjamini_hochberg(probabilities):
    return list(stats.false_discovery_control(probabilities, method="bh"))


ANSWERS = [
    share_interval, wilson_interval, share_difference, fisher, mann_whitney, smirnov, quantile_ranks, share_sequence,
    superiority_interval, g_test, chi_squared_above, normal_quantile, beta_part, beta_quantile, kolmogorov_above,
    benjamini_hochberg,
]


def main():
    functions = {function.__name__: function for function in ANSWERS}
    with open(sys.argv[1]) as file:
        questions = json.load(file)
    lines = []
    for question in questions:
        arguments = {key: value for key, value in question.items() if key not in ("ask", "answer")}
        answer = functions[question["ask"]](**arguments)
        answer = [float(number) for number in numpy.atleast_1d(answer)]
        lines.append(json.dumps({"ask": question["ask"], **arguments, "answer": answer}))
    print("[\n" + ",\n".join(lines) + "\n]")


main()
