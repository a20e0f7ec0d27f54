//! The one maths module: functions whose result may differ between platforms'
//! C libraries come from here, so that equal inputs give equal bytes anywhere.
//!
//! `+ − × ÷ √` are exact by IEEE 754 and may be used directly. All others are
//! pure Rust (`libm`). Sums run in the order of the slice.

/// eˣ.
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// `eˣ − 1`, exact also where `x` is near zero.
pub fn exp_m1(x: f64) -> f64 {
    libm::expm1(x)
}

/// Natural logarithm.
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// Natural logarithm of `1 + x`.
pub fn ln_1p(x: f64) -> f64 {
    libm::log1p(x)
}

/// Logarithm to base 10.
pub fn log10(x: f64) -> f64 {
    libm::log10(x)
}

/// `base` to the power of `exponent`.
pub fn pow(base: f64, exponent: f64) -> f64 {
    libm::pow(base, exponent)
}

/// The error function `2/√π ∫₀ˣ e^{−t²} dt`.
pub fn erf(x: f64) -> f64 {
    libm::erf(x)
}

/// `1 − erf(x)`, to full relative precision for large `x` too.
pub fn erfc(x: f64) -> f64 {
    libm::erfc(x)
}

/// Logarithm of the gamma function; `ln_gamma(n + 1)` is `ln n!`.
pub fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// Density of the standard normal distribution.
pub fn normal_density(x: f64) -> f64 {
    const ONE_BY_ROOT_TWO_PI: f64 = 0.398_942_280_401_432_7;
    ONE_BY_ROOT_TWO_PI * exp(-0.5 * x * x)
}

/// Probability that a standard normal draw is at most `x`.
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// Sum with a running compensation (Neumaier), in the order of the iterator.
pub fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0_f64);
    for value in values {
        let next = sum + value;
        lost += if sum.abs() >= value.abs() { (sum - next) + value } else { (value - next) + sum };
        sum = next;
    }
    sum + lost
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_keep_small_terms() {
        assert_eq!(sum([1e100, 1.0, -1e100]).to_bits(), 1.0_f64.to_bits());
    }

    #[test]
    fn known_bits() {
        // Frozen: a change here changes every run that uses these functions.
        assert_eq!(exp(1.0).to_bits(), 0x4005_BF0A_8B14_576A);
        assert_eq!(ln(2.0).to_bits(), 0x3FE6_2E42_FEFA_39EF);
        assert_eq!(log10(1000.0).to_bits(), 3.0_f64.to_bits());
        assert_eq!(pow(2.0, 0.5).to_bits(), 0x3FF6_A09E_667F_3BCD);
        assert_eq!(exp_m1(1e-10).to_bits(), 0x3DDB_7CDF_D9DD_A4E3);
        assert_eq!(ln_1p(1e-10).to_bits(), 0x3DDB_7CDF_D9D1_D693);
        assert!((erfc(1.0) - 0.157_299_207_050_285_13).abs() < 1e-16);
        assert!((ln_gamma(11.0) - ln(3_628_800.0)).abs() < 1e-13);
    }

    #[test]
    fn the_normal_distribution_is_that_of_the_tables() {
        // Abramowitz, Stegun (1964), tables 7.1 and 26.1.
        assert!((erf(0.5) - 0.520_499_877_813_046_5).abs() < 1e-15);
        assert!((normal_cdf(1.0) - 0.841_344_746_068_542_9).abs() < 1e-15);
        assert!((normal_cdf(1.96) - 0.975_002_104_851_779_5).abs() < 1e-15);
        assert!((normal_density(1.0) - 0.241_970_724_519_143_37).abs() < 1e-16);
        // The far tail keeps its digits: Q(10) = 7.619853024160527e-24.
        assert!((normal_cdf(-10.0) / 7.619_853_024_160_527e-24 - 1.0).abs() < 1e-13);
        assert_eq!(erf(-0.3).to_bits(), (-erf(0.3)).to_bits());
    }
}
