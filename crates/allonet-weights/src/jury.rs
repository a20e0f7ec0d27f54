//! Whether a jury's comparisons are any good, and what they do not support.
//!
//! | question | module |
//! |---|---|
//! | What does the outcome owe to one juror, pair or row? | [`influence`] |
//! | How can no juror move it by more than so much? | [`caps`] |
//! | Within which bounds does each weight lie? | [`intervals`] |
//! | Is A worth more than B; which ranks are not separable? | [`probability`] |
//! | Does a juror prefer the left side? | [`side_bias`] |
//! | Does a juror say the same again; do jurors agree on a pair? | [`repeats`] |
//! | Does a juror go in circles? | [`cycles`] |
//! | How well do jurors agree beyond chance? | [`alpha`] |
//! | Who answers as if by coin? | [`outliers`] |
//! | Are there camps? | [`clusters`] |
//! | How many independent jurors are these worth? | [`effective`] |
//! | How many more answers are needed? | [`power`] |
//!
//! ```
//! use allonet_core::fault::SourceFile;
//! use allonet_weights::comparisons::{Comparisons, Reading};
//! use allonet_weights::jury::Model;
//! use allonet_weights::jury::influence::{Unit, influence};
//!
//! let table = "juror,a,b,winner,multiplier\nann,x,y,x,2\nbob,x,y,x,8\n";
//! let file = SourceFile::new("duels.csv", table);
//! let comparisons = Comparisons::read(&file, &Reading::default()).unwrap();
//! let model = Model::LeastSquares { ridge: 0.0 };
//! let influence = influence(&comparisons, model, Unit::Juror).unwrap();
//! // x : y is 4 : 1; without bob 2 : 1.
//! let without_bob = influence.left_out[1].change.as_ref().unwrap();
//! assert!((without_bob.weights[0] - (2.0 / 3.0 - 0.8)).abs() < 1e-12);
//! ```

pub mod alpha;
pub mod caps;
pub mod clusters;
pub mod cycles;
pub mod effective;
pub mod influence;
pub mod intervals;
pub mod outliers;
pub mod power;
pub mod probability;
pub mod repeats;
pub mod side_bias;

mod islands;
mod model;
mod problem;

pub use model::Model;
