//! Weights from elsewhere than a rule over comparisons: models, experts,
//! criteria, ratings, answers about originality, and mixes of all of them.

pub mod collaborative;
pub mod criteria;
pub mod experts;
pub mod mix;
pub mod model_csv;
pub mod originality;
pub mod simplex;
