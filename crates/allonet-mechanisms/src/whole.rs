//! Whole numbers of up to 256 bits: read from cells, and their square roots.

use allonet_core::fault::Fault;
use allonet_core::money::{DecimalError, parse_units};
use allonet_core::table::Row;
use ruint::aliases::{U256, U512};

/// A whole number from a cell, zero or more. Underscores may group its digits.
pub(crate) fn whole(row: Row<'_>, column: usize) -> Result<U256, Box<Fault>> {
    let text = row.cell(column);
    parse_units(text, 0).map_err(|error| {
        let (code, message) = match error {
            DecimalError::Negative { .. } => ("negative-amount", format!("`{text}` is below zero")),
            DecimalError::TooLarge { .. } => ("too-large", format!("`{text}` is 2^256 or more")),
            _ => ("bad-amount", format!("`{text}` is no whole number")),
        };
        Box::new(row.fault(column, code, message).help("write digits alone, such as 1250"))
    })
}

/// Square root, rounded down.
pub(crate) fn root(of: U256) -> U256 {
    if let Ok(small) = u128::try_from(of) {
        return U256::from(small.isqrt());
    }
    // Newton's steps from above fall until they reach the root.
    let mut guess = U256::ONE << of.bit_len().div_ceil(2);
    loop {
        let next = (guess + of / guess) >> 1;
        if next >= guess {
            return guess;
        }
        guess = next;
    }
}

/// A wide number, where 256 bits suffice.
pub(crate) fn narrow(of: U512) -> Option<U256> {
    U256::checked_from_limbs_slice(of.as_limbs())
}

#[cfg(test)]
mod tests {
    use allonet_core::fault::SourceFile;
    use allonet_core::table::{Column, Table};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_whole_numbers_are_read() {
        let text = "n\n1_000\n-1\n1.5\nNaN\n";
        let columns = [Column::required(&["n"])];
        let table = Table::read(&SourceFile::new("n.csv", text), &columns).unwrap();
        let found: Vec<_> =
            table.rows().map(|row| whole(row, 0).map_err(|fault| fault.code)).collect();
        let bad = Err("bad-amount");
        assert_eq!(found, [Ok(U256::from(1_000)), Err("negative-amount"), bad, bad]);
    }

    #[test]
    fn roots_at_the_edges() {
        let half = U256::from(u128::MAX);
        assert_eq!(root(U256::MAX), half);
        assert_eq!(root(half * half), half);
        assert_eq!(root(half * half - U256::ONE), half - U256::ONE);
        assert_eq!(root(U256::ZERO), U256::ZERO);
    }

    proptest! {
        #[test]
        fn the_square_of_a_root_is_not_above(limbs: [u64; 4]) {
            let of = U256::from_limbs(limbs);
            let root = root(of);
            prop_assert!(root * root <= of);
            let next = root + U256::ONE;
            prop_assert!(next.checked_mul(next).is_none_or(|square| square > of));
        }
    }
}
