//! Every mechanism file has the same sections in the same order.

use std::path::Path;

use allonet_laws::check_floor_plan;
use allonet_topics::catalogue;

#[test]
fn rooms_share_one_floor_plan() {
    check_floor_plan(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), catalogue());
}
