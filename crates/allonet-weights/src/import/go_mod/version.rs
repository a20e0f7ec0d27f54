//! Which of two Go versions is later: semantic versioning, with build metadata
//! (`+incompatible`) ignored.

use std::cmp::Ordering;

/// Whether `left` is a later version than `right`.
pub(super) fn is_later(left: &str, right: &str) -> bool {
    compare(left, right) == Ordering::Greater
}

fn compare(left: &str, right: &str) -> Ordering {
    let (left, left_pre) = parts(left);
    let (right, right_pre) = parts(right);
    let numbers = identifiers(left, right);
    // A version comes after its own pre-releases.
    numbers.then_with(|| match (left_pre, right_pre) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(left), Some(right)) => identifiers(left, right),
    })
}

/// `1.2.3` and the pre-release, if any, of `v1.2.3-rc.1+build`.
fn parts(version: &str) -> (&str, Option<&str>) {
    let version = version.strip_prefix('v').unwrap_or(version);
    let version = version.split('+').next().unwrap_or_default();
    version.split_once('-').map_or((version, None), |(core, pre)| (core, Some(pre)))
}

/// Compares dotted identifiers: numbers by value and before words, a shorter
/// list before a longer one that begins with it.
fn identifiers(left: &str, right: &str) -> Ordering {
    let key = |word| -> (bool, usize, &str) {
        let number = str::bytes(word).all(|byte| byte.is_ascii_digit());
        let digits = if number { word.trim_start_matches('0') } else { word };
        (!number, if number { digits.len() } else { 0 }, digits)
    };
    left.split('.').map(key).cmp(right.split('.').map(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_stand_in_the_order_of_semver() {
        let ascending = [
            "v0.0.0-20190308202827-9d24e82272b4",
            "v0.0.0-20210101000000-000000000000",
            "v0.9.0",
            "v1.0.0-alpha",
            "v1.0.0-alpha.1",
            "v1.0.0-alpha.beta",
            "v1.0.0-beta.2",
            "v1.0.0-beta.11",
            "v1.0.0",
            "v1.2.0+incompatible",
            "v1.10.0",
        ];
        for pair in ascending.windows(2) {
            assert!(is_later(pair[1], pair[0]), "{pair:?}");
            assert!(!is_later(pair[0], pair[1]), "{pair:?}");
        }
        assert!(!is_later("v1.2.0", "v1.2.0+incompatible"));
    }
}
