//! Every mechanism of the catalogue keeps the laws: makers of random input.

use allonet_laws::laws_of;
use allonet_weights::catalogue;

mod deep_funding;
mod jury;
mod prediction_market;
mod sources;

laws_of! {
    catalogue();
    deep_funding,
    jury,
    prediction_market,
    sources,
}
