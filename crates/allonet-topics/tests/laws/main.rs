//! Every mechanism of the catalogue keeps the laws: makers of random input.

use allonet_laws::laws_of;
use allonet_topics::catalogue;

mod topic;

laws_of! {
    catalogue();
    topic,
}
