"""Quantiles and moments that the uncertainty rules need, from the standard library alone.

Quantiles invert the distribution function by Newton steps kept inside a shrinking bracket. They agree with
printed tables to better than 1e-6.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist

_NORMAL = NormalDist()
_TINY = 1e-300
_LOG_TINY = math.log(_TINY)
_NEARLY_NORMAL = 1e4
_NEARLY_INFINITE = 1e7
"""Beyond these degrees of freedom the gamma function of half of them costs more digits than the limit formula."""
_STEPS = 500


def mean(values: Sequence[float]) -> float:
    """Give the arithmetic mean of at least one value, in the unit of the values."""
    return math.fsum(values) / len(values)


def standard_deviation(values: Sequence[float]) -> float:
    """Give the experimental standard deviation (divisor n - 1) of at least two values; GUM 4.2.2.

    Raises:
        ValueError: fewer than two values have no spread.
    """
    if len(values) < 2:
        raise ValueError("a standard deviation needs at least two values")
    centre = mean(values)
    return math.sqrt(math.fsum((value - centre) ** 2 for value in values) / (len(values) - 1))


def student_t_quantile(probability: float, degrees: float) -> float:
    """Give t with P(T <= t) = `probability` for Student's distribution.

    Args:
        probability: one-sided, 0 < probability < 1; two-sided 95.45 % coverage is 0.97725.
        degrees: degrees of freedom, > 0, not necessarily whole; math.inf is the normal distribution.
    """
    _check(probability, degrees)
    if math.isinf(degrees):
        return _NORMAL.inv_cdf(probability)
    if probability < 0.5:
        return -student_t_quantile(1 - probability, degrees)
    if probability == 0.5:
        return 0.0
    guess = _cornish_fisher(_NORMAL.inv_cdf(probability), degrees)
    if degrees > _NEARLY_NORMAL:
        return guess
    return _invert(lambda t: _student_t_cdf(t, degrees), lambda t: _student_t_density(t, degrees), probability, guess)


def chi_square_quantile(probability: float, degrees: float) -> float:
    """Give x with P(X <= x) = `probability` for the chi-square distribution with `degrees` > 0 (finite)."""
    _check(probability, degrees)
    half = degrees / 2
    return _invert(lambda x: _lower_gamma(half, x / 2), lambda x: _gamma_density(half, x / 2) / 2, probability, degrees)


def f_quantile(probability: float, numerator: float, denominator: float) -> float:
    """Give x with P(X <= x) = `probability` for Fisher's F; an infinite `denominator` is chi-square / numerator."""
    _check(probability, numerator)
    if denominator > _NEARLY_INFINITE:
        return chi_square_quantile(probability, numerator) / numerator
    return _beta_odds(probability, numerator / 2, denominator / 2) * denominator / numerator


def beta_quantile(probability: float, a: float, b: float) -> float:
    """Give x with I_x(a, b) = `probability` for the beta distribution; a and b > 0, not necessarily whole."""
    _check(probability, a)
    _check(probability, b)
    odds = _beta_odds(probability, a, b)
    return odds / (1 + odds)


def beta_ratio(x: float, a: float, b: float) -> float:
    """Give the regularised incomplete beta function I_x(a, b), 0 <= x <= 1: the distribution function of beta."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):  # the continued fraction converges quickly only on this side
        return 1 - beta_ratio(1 - x, b, a)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(log_front) / a / _continued_fraction(lambda m: _beta_term(m, x, a, b), lambda _: 1.0)


def _beta_odds(probability: float, a: float, b: float) -> float:
    """Give the odds x / (1 - x) at which I_x(a, b) = `probability`."""
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)

    def cdf(odds: float) -> float:
        return beta_ratio(odds / (1 + odds), a, b)

    def density(odds: float) -> float:
        if odds <= 0:
            return 0.0
        log_density = scale + (a - 1) * math.log(odds) - (a + b) * math.log1p(odds)
        return math.exp(log_density) if log_density > _LOG_TINY else 0.0

    return _invert(cdf, density, probability, a / b)


def _check(probability: float, degrees: float) -> None:
    if not 0 < probability < 1:
        raise ValueError(f"a probability lies between 0 and 1, not {probability}")
    if not degrees > 0:
        raise ValueError(f"degrees of freedom are positive, not {degrees}")


def _invert(
    cdf: Callable[[float], float], density: Callable[[float], float], probability: float, guess: float
) -> float:
    """Solve cdf(x) = probability for x > 0 from `guess`; a density of 0 falls back to bisection."""
    low, high, x = 0.0, math.inf, guess
    for _ in range(_STEPS):
        excess = cdf(x) - probability
        low, high = (low, x) if excess > 0 else (x, high)
        slope = density(x)
        step = x - excess / slope if slope > 0 else math.inf
        following = step if low < step < high else (low + min(high, 3 * x)) / 2
        if abs(following - x) <= (1e-6 if following == step else 1e-13) * abs(x):  # Newton squares its error
            return following
        x = following
    return x


def _cornish_fisher(normal: float, degrees: float) -> float:
    """Student's quantile from the normal one, up to terms of 1 / degrees³."""
    first = (normal**3 + normal) / 4
    second = (5 * normal**5 + 16 * normal**3 + 3 * normal) / 96
    return normal + (first + second / degrees) / degrees


def _student_t_cdf(t: float, degrees: float) -> float:
    """P(T <= t) for t >= 0."""
    return 1 - beta_ratio(degrees / (degrees + t * t), degrees / 2, 0.5) / 2


def _student_t_density(t: float, degrees: float) -> float:
    scale = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2) - math.log(degrees * math.pi) / 2
    return math.exp(scale - (degrees + 1) / 2 * math.log1p(t * t / degrees))


def _beta_term(index: int, x: float, a: float, b: float) -> float:
    """Numerator number `index` (from 1) of the continued fraction of I_x(a, b)."""
    m = index // 2
    if index % 2 == 0:
        return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
    return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))


def _lower_gamma(a: float, x: float) -> float:
    """Regularised lower incomplete gamma function P(a, x)."""
    if x <= 0:
        return 0.0
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        return front * _gamma_series(a, x)
    fraction = _continued_fraction(lambda m: -m * (m - a), lambda m: x + 2 * m + 1 - a)
    return 1 - front / fraction


def _gamma_series(a: float, x: float) -> float:
    term = total = 1 / a
    for n in range(1, 10 * _STEPS):
        term *= x / (a + n)
        total += term
        if term < total * 1e-17:
            break
    return total


def _gamma_density(a: float, x: float) -> float:
    return math.exp((a - 1) * math.log(x) - x - math.lgamma(a)) if x > 0 else 0.0


def _continued_fraction(numerator: Callable[[int], float], denominator: Callable[[int], float]) -> float:
    """b0 + a1/(b1 + a2/(b2 + ...)) by the modified method of Lentz."""
    value = denominator(0) or _TINY
    c, d = value, 0.0
    for m in range(1, _STEPS):
        a, b = numerator(m), denominator(m)
        d = 1 / ((b + a * d) or _TINY)
        c = (b + a / c) or _TINY
        value *= c * d
        if abs(c * d - 1) < 1e-16:
            break
    return value
