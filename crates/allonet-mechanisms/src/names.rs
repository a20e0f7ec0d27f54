//! Numbers for names, in order of the names.
//!
//! Addresses (`0x` and 40 hexadecimal digits) are kept as 20 bytes: upper and
//! lower case agree, and finding one again takes no look at the text.

use std::borrow::Cow;
use std::fmt::Write as _;

use allonet_core::fault::Fault;
use rustc_hash::FxHashMap;

/// The bytes of an address, the first ones highest.
type Address = [u32; 5];

/// Names as they come up in a table.
#[derive(Debug, Default)]
pub(crate) struct Names<'t> {
    fold_addresses: bool,
    addresses: FxHashMap<Address, u32>,
    texts: FxHashMap<&'t str, u32>,
    listed_addresses: Vec<(Address, u32)>,
    listed_texts: Vec<(&'t str, u32)>,
}

impl<'t> Names<'t> {
    /// Names that are compared as they stand.
    pub(crate) fn verbatim() -> Self {
        Self::default()
    }

    /// Names among which addresses are compared without regard to case.
    pub(crate) fn with_addresses() -> Self {
        Self { fold_addresses: true, ..Self::default() }
    }

    /// How many names there are.
    pub(crate) fn len(&self) -> usize {
        self.listed_addresses.len() + self.listed_texts.len()
    }

    /// The number of a name, for now in the order they come up.
    pub(crate) fn number(&mut self, name: &'t str) -> u32 {
        let next = number(self.len());
        if self.fold_addresses
            && let Some(address) = address(name)
        {
            return *self.addresses.entry(address).or_insert_with(|| {
                self.listed_addresses.push((address, next));
                next
            });
        }
        *self.texts.entry(name).or_insert_with(|| {
            self.listed_texts.push((name, next));
            next
        })
    }

    /// The names in order, addresses in lower case, and the new number of each
    /// old one.
    pub(crate) fn sorted(mut self) -> (Vec<Box<str>>, Vec<u32>) {
        self.listed_addresses.sort_unstable();
        self.listed_texts.sort_unstable();
        let mut renumbered = vec![0; self.len()];
        let mut names = Vec::with_capacity(self.len());
        let mut place = |name: Box<str>, old: u32| {
            renumbered[old as usize] = number(names.len());
            names.push(name);
        };
        let mut texts = self.listed_texts.into_iter().peekable();
        for (address, old) in self.listed_addresses {
            let name = text(address);
            while let Some((text, old)) = texts.next_if(|(text, _)| **text < *name) {
                place(text.into(), old);
            }
            place(name, old);
        }
        texts.for_each(|(text, old)| place(text.into(), old));
        (names, renumbered)
    }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).expect("a table has fewer than 2^31 rows")
}

/// The bytes of a name that is an address.
fn address(name: &str) -> Option<Address> {
    let digits: &[u8; 40] = match name.as_bytes() {
        [b'0', b'x' | b'X', digits @ ..] => digits.try_into().ok()?,
        _ => return None,
    };
    let mut address = [0_u32; 5];
    let mut wrong = 0;
    for (word, digits) in address.iter_mut().zip(digits.chunks_exact(8)) {
        for digit in digits {
            let value = DIGITS[*digit as usize];
            wrong |= value;
            *word = *word << 4 | u32::from(value & 15);
        }
    }
    (wrong <= 15).then_some(address)
}

/// The value of each hexadecimal digit; 255 for all other bytes.
const DIGITS: [u8; 256] = {
    let mut values = [255; 256];
    let mut value = 0;
    while value < 16 {
        values[b"0123456789abcdef"[value as usize] as usize] = value;
        values[b"0123456789ABCDEF"[value as usize] as usize] = value;
        value += 1;
    }
    values
};

/// An address in lower case.
fn text(address: Address) -> Box<str> {
    let mut text = String::with_capacity(42);
    text.push_str("0x");
    for word in address {
        write!(text, "{word:08x}").expect("a text takes every text");
    }
    text.into()
}

/// A name as [`Names::sorted`] gives it: an address in lower case, anything
/// else as it stands.
pub(crate) fn plain(name: &str) -> Cow<'_, str> {
    address(name).map_or(Cow::Borrowed(name), |address| Cow::Owned(text(address).into()))
}

/// Two of the names, sorted, that are one address in two spellings.
pub(crate) fn two_spellings<T: AsRef<str>>(names: &[T]) -> Option<(&str, &str)> {
    let mut seen: FxHashMap<Address, &str> = FxHashMap::default();
    names.iter().map(AsRef::as_ref).find_map(|name| {
        let first = seen.insert(address(name)?, name)?;
        Some((first, name))
    })
}

/// The fault for them: two recipients would be paid for one.
pub(crate) fn spelled_twice(path: &str, (first, second): (&str, &str)) -> Fault {
    let message = format!("{path}: `{first}` and `{second}` are one address in two spellings");
    Fault::new("two-spellings", message).help("spell it alike in all rows")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_are_read_back() {
        let name = "0x00112233445566778899aAbBcCdDeEfFf0E1d2C3";
        assert_eq!(plain(name), name.to_lowercase());
        for other in ["0x", "0x12", &name[1..], &format!("{name}0"), &name.replace('f', "g"), "é"]
        {
            assert_eq!(plain(other), *other);
        }
    }

    proptest! {
        // Reference: sorting the texts themselves.
        #[test]
        fn names_are_in_order_of_their_text(
            raw in prop::collection::vec("0[xX][0aB]{40}|[0-9xz]{1,4}|0x[0a]{39,41}", 0..30),
        ) {
            let mut names = Names::with_addresses();
            let numbers: Vec<u32> = raw.iter().map(|name| names.number(name)).collect();
            let (sorted, renumbered) = names.sorted();
            prop_assert!(sorted.is_sorted_by(|a, b| a < b));
            for (name, old) in raw.iter().zip(numbers) {
                prop_assert_eq!(&*sorted[renumbered[old as usize] as usize], &*plain(name));
            }
        }
    }
}
