//! Normal numbers by the ziggurat: most take one draw, one product and one
//! comparison.
//!
//! # Formula
//!
//! The right half of `e^{−x²/2}` is covered by 255 rectangles and a base with
//! the tail, all of area `V`. A rectangle is drawn, a point across it, and the
//! point kept if it is under the curve: at once where the next rectangle is as
//! wide, else by its height. In the tail beyond `R`, by Marsaglia's method.
//!
//! # Limits
//!
//! Uniforms have 53 bits. The bytes depend on the seed alone.
//!
//! # Sources
//!
//! Marsaglia, Tsang (2000), *The Ziggurat Method for Generating Random
//! Variables*, with sign, layer and place from separate bits (Doornik 2005).

use std::sync::LazyLock;

use allonet_core::maths;
use allonet_core::random::Random;

/// Where the tail starts, for 256 layers.
const R: f64 = 3.654_152_885_361_009;
/// The area of a layer.
const V: f64 = 0.004_928_673_233_974_655;

#[derive(Debug)]
struct Layers {
    /// Right ends; the first is that of a rectangle as large as the base.
    x: [f64; 257],
    /// The curve there.
    y: [f64; 257],
}

static LAYERS: LazyLock<Layers> = LazyLock::new(|| {
    let (mut x, mut y) = ([0.0; 257], [1.0; 257]);
    (x[0], x[1]) = (V / curve(R), R);
    (y[0], y[1]) = (0.0, curve(R));
    for at in 2..256 {
        y[at] = y[at - 1] + V / x[at - 1];
        x[at] = (-2.0 * maths::ln(y[at])).sqrt();
    }
    Layers { x, y }
});

/// Normal numbers of one stream.
#[derive(Debug)]
pub struct Normals {
    random: Random,
    layers: &'static Layers,
}

impl Normals {
    /// Of the numbered part of a seed's stream.
    pub fn part(seed: u64, number: u64) -> Self {
        Self { random: Random::part(seed, number), layers: &LAYERS }
    }

    /// The stream itself, for other distributions.
    pub fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// From the standard normal distribution.
    #[inline]
    pub fn draw(&mut self) -> f64 {
        const STEP: f64 = 1.0 / (1_u64 << 52) as f64;
        let bits = self.random.bits();
        let layer = (bits & 255) as usize;
        let across = (bits >> 11) as f64 * STEP - 1.0;
        let x = across * self.layers.x[layer];
        if x.abs() < self.layers.x[layer + 1] { x } else { self.at_the_edge(layer, x) }
    }

    /// With this mean and standard deviation.
    #[inline]
    pub fn around(&mut self, mean: f64, deviation: f64) -> f64 {
        mean + deviation * self.draw()
    }

    #[cold]
    fn at_the_edge(&mut self, layer: usize, x: f64) -> f64 {
        if layer == 0 {
            return self.tail().copysign(x);
        }
        let (below, above) = (self.layers.y[layer], self.layers.y[layer + 1]);
        let height = below + (above - below) * self.random.uniform();
        if height < curve(x) { x } else { self.draw() }
    }

    fn tail(&mut self) -> f64 {
        loop {
            let beyond = -maths::ln(1.0 - self.random.uniform()) / R;
            let height = -maths::ln(1.0 - self.random.uniform());
            if 2.0 * height > beyond * beyond {
                return R + beyond;
            }
        }
    }
}

fn curve(x: f64) -> f64 {
    maths::exp(-0.5 * x * x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_end_at_the_top_of_the_curve() {
        let layers = &LAYERS;
        // The last rectangle, from 0 to x, reaches up to 1.
        assert!((layers.y[255] + V / layers.x[255] - 1.0).abs() < 1e-12);
        assert!(layers.x.windows(2).all(|pair| pair[0] > pair[1]));
        // Base and tail together are as large as each layer.
        let tail = (std::f64::consts::PI / 2.0).sqrt() * maths::erfc(R / 2.0_f64.sqrt());
        assert!((R * curve(R) + tail - V).abs() < 1e-13);
    }

    #[test]
    fn draws_fall_where_the_distribution_says() {
        const COUNT: usize = 400_000;
        let mut normals = Normals::part(11, 0);
        let draws: Vec<f64> = (0..COUNT).map(|_| normals.draw()).collect();
        let edges = [-3.7, -3.0, -2.0, -1.0, -0.3, 0.0, 0.1, 0.7, 1.5, 2.5, 3.3, 3.7];
        for edge in edges {
            let expected = maths::normal_cdf(edge);
            let found = draws.iter().filter(|draw| **draw < edge).count() as f64 / COUNT as f64;
            let error = (expected * (1.0 - expected) / COUNT as f64).sqrt();
            assert!((found - expected).abs() < 4.0 * error, "{edge}: {found}, not {expected}");
        }
        let moment = |power: i32| {
            let raised = draws.iter().map(|draw| (0..power).fold(1.0, |so_far, _| so_far * draw));
            maths::sum(raised) / COUNT as f64
        };
        assert!(moment(1).abs() < 0.006 && (moment(2) - 1.0).abs() < 0.009);
        assert!(moment(3).abs() < 0.025 && (moment(4) - 3.0).abs() < 0.07);
    }

    #[test]
    fn a_part_determines_its_numbers() {
        let mut first = Normals::part(1, 2);
        let mut again = Normals::part(1, 2);
        assert!((0..1_000).all(|_| first.draw().to_bits() == again.draw().to_bits()));
    }
}
