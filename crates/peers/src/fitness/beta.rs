//! The Beta distribution: its cumulative form (the regularised incomplete beta function) and the inverse of it.

/// Largest parameter that is computed with. Evidence beyond it changes no decision.
const MOST: f64 = 1e6;

/// ln Γ(x) for x > 0, by Lanczos' approximation (g = 7, nine terms); relative error about 1e-15.
fn ln_gamma(x: f64) -> f64 {
    const FIRST: f64 = 0.999_999_999_999_809_9;
    const TERMS: [f64; 8] = [
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    if x < 0.5 {
        // Reflection: Γ(x) Γ(1 - x) = π / sin(πx).
        let sine = (std::f64::consts::PI * x).sin();
        return (std::f64::consts::PI / sine).ln() - ln_gamma(1.0 - x);
    }
    let x = x - 1.0;
    let mut sum = FIRST;
    let mut place = 1.0;
    for term in TERMS {
        sum += term / (x + place);
        place += 1.0;
    }
    let t = x + 7.5;
    0.5 * std::f64::consts::TAU.ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

/// The continued fraction of the incomplete beta function, by Lentz' method (DLMF 8.17.22).
fn fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let safe = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / safe(1.0 - (a + b) * x / (a + 1.0));
    let mut result = d;
    let mut m = 1.0;
    // Converges within about the square root of the larger parameter.
    for _ in 0..5000 {
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / safe(1.0 + even * d);
        c = safe(1.0 + even / c);
        result *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / safe(1.0 + odd * d);
        c = safe(1.0 + odd / c);
        let step = d * c;
        result *= step;
        if (step - 1.0).abs() < 1e-15 {
            break;
        }
        m += 1.0;
    }
    result
}

fn ln_beta(a: f64, b: f64) -> f64 {
    ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
}

/// I_x(a, b): the share of a Beta(a, b) distribution that lies below `x`.
pub(super) fn below(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = (a * x.ln() + b * (-x).ln_1p() - ln_beta(a, b)).exp();
    let share = if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(x, a, b) / a
    } else {
        1.0 - front * fraction(1.0 - x, b, a) / b
    };
    share.clamp(0.0, 1.0)
}

/// The `x` below which the share `p` of a Beta(a, b) distribution lies: Newton's steps, kept inside a bracket that halves
/// whenever a step leaves it.
pub(super) fn quantile(p: f64, a: f64, b: f64) -> f64 {
    let usable = |value: f64| {
        if value.is_finite() {
            value.clamp(1e-3, MOST)
        } else {
            1.0
        }
    };
    let (a, b) = (usable(a), usable(b));
    if p.is_nan() || p <= 0.0 {
        return 0.0;
    }
    if p >= 1.0 {
        return 1.0;
    }
    let normal = ln_beta(a, b);
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    let mut x = a / (a + b);
    for _ in 0..200 {
        let miss = below(x, a, b) - p;
        if miss > 0.0 {
            high = x;
        } else {
            low = x;
        }
        let density = ((a - 1.0) * x.ln() + (b - 1.0) * (-x).ln_1p() - normal).exp();
        let newton = x - miss / density;
        let next = if newton > low && newton < high {
            newton
        } else {
            0.5 * (low + high)
        };
        if (next - x).abs() <= 1e-14 * x || high - low <= f64::EPSILON * high {
            return next;
        }
        x = next;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn near(found: f64, expected: f64) {
        let error = (found - expected).abs() / expected.abs().max(1e-300);
        assert!(error < 1e-11, "{found} is not {expected}");
    }

    #[test]
    fn ln_gamma_has_its_known_values() {
        near(ln_gamma(0.5), std::f64::consts::PI.sqrt().ln());
        near(ln_gamma(5.0), 24_f64.ln());
        near(ln_gamma(0.25), 3.625_609_908_221_908_f64.ln());
        let factorial: f64 = (1..=170).map(|n| f64::from(n).ln()).sum();
        near(ln_gamma(171.0), factorial);
    }

    /// For whole parameters I_x(a, b) is a sum of binomial terms (DLMF 8.17.5).
    fn binomial(x: f64, a: u32, b: u32) -> f64 {
        let n = a + b - 1;
        (a..=n)
            .map(|j| {
                let choose: f64 = (1..=j)
                    .map(|i| f64::from(n - j + i) / f64::from(i))
                    .product();
                choose * x.powi(j as i32) * (1.0 - x).powi((n - j) as i32)
            })
            .sum()
    }

    #[test]
    fn the_cumulative_form_is_the_binomial_sum() {
        for (a, b) in [(1, 1), (2, 3), (7, 2), (1, 40), (30, 20), (60, 60)] {
            for x in [0.01, 0.2, 0.5, 0.77, 0.99] {
                let (found, expected) = (below(x, f64::from(a), f64::from(b)), binomial(x, a, b));
                assert!(
                    (found - expected).abs() < 1e-12,
                    "{a} {b} {x}: {found} {expected}"
                );
            }
        }
    }

    #[test]
    fn the_inverse_has_its_closed_forms() {
        for p in [1e-6_f64, 0.01, 0.05, 0.3, 0.5, 0.9, 0.999] {
            for n in [1.0, 2.0, 9.0, 100.0, 5000.0] {
                near(quantile(p, n, 1.0), p.powf(1.0 / n));
                near(quantile(p, 1.0, n), -((-p).ln_1p() / n).exp_m1());
            }
            // The arcsine distribution.
            near(
                quantile(p, 0.5, 0.5),
                (std::f64::consts::FRAC_PI_2 * p).sin().powi(2),
            );
        }
        near(quantile(0.5, 1e5, 1e5), 0.5);
        // The median of Beta(2, 2) is a root of 3x² - 2x³ = p; so is its 5 % quantile.
        let x = quantile(0.05, 2.0, 2.0);
        near(x * x * (3.0 - 2.0 * x), 0.05);
    }

    #[test]
    fn parameters_without_meaning_do_no_harm() {
        for odd in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e300] {
            for (a, b) in [(odd, 1.0), (1.0, odd), (odd, odd)] {
                let x = quantile(0.05, a, b);
                assert!((0.0..=1.0).contains(&x), "{a} {b} {x}");
            }
        }
        assert!((quantile(-1.0, 2.0, 2.0), quantile(2.0, 2.0, 2.0)) == (0.0, 1.0));
        assert!(quantile(f64::NAN, 2.0, 2.0) == 0.0);
    }

    proptest! {
        #[test]
        fn the_inverse_inverts(p in 0.001_f64..0.999, a in 0.5_f64..20_000.0, b in 0.5_f64..20_000.0) {
            let x = quantile(p, a, b);
            prop_assert!((below(x, a, b) - p).abs() < 1e-8, "{} {}", x, below(x, a, b));
        }

        #[test]
        fn more_good_raises_and_more_bad_lowers(a in 1.0_f64..500.0, b in 1.0_f64..500.0, more in 0.1_f64..50.0) {
            let now = quantile(0.05, a, b);
            prop_assert!(quantile(0.05, a + more, b) > now);
            prop_assert!(quantile(0.05, a, b + more) < now);
        }
    }
}
