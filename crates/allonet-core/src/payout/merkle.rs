//! Merkle trees for claim contracts, compatible with OpenZeppelin.
//!
//! # Format
//!
//! ```text
//! leaf        = keccak256(keccak256(abi.encode(key, amount)))
//! inner node  = keccak256(smaller child ‖ larger child)
//! node i      has the children 2i+1 and 2i+2; node 0 is the root
//! last nodes  = the leaves by ascending hash, from the end backwards
//! ```
//!
//! This is the tree of `@openzeppelin/merkle-tree`, dump format `standard-v1`:
//! [`Tree::dump`] gives byte for byte what `JSON.stringify(tree.dump())` gives
//! there, and `StandardMerkleTree.load` accepts it. Contracts check a proof by
//! OpenZeppelin's `MerkleProof.verify`.
//!
//! The key is the address (`["address","uint256"]`) when every row has one,
//! and the recipient id for all rows otherwise (`["string","uint256"]`). The
//! dump states which in `leafEncoding`.
//!
//! Contracts mark a claim as used by its account or by its leaf. Two leaves
//! with one key could then be claimed only once, so each key has one leaf, and
//! rows that share a key are added up ([`Tree::claim`]).
//!
//! # Units and rounding
//!
//! Base units of one asset; nothing is rounded. One tree per asset.
//!
//! # Limits
//!
//! Time is `n log n` for sorting plus `3 n` hashes; each node is stored once
//! (32 bytes) and proofs are read off on demand, so nothing is quadratic. A
//! million rows take about 4 s to build and 2 s to dump (241 MB) on one core of
//! a small server.
//!
//! # Sources
//!
//! * <https://github.com/OpenZeppelin/merkle-tree>, version 1.0.8.
//! * Solidity documentation, *Contract ABI Specification*.

use std::fmt;
use std::str::FromStr;

use ruint::aliases::U256;
use serde::{Serialize, Serializer};

use super::address::{hex_bytes, hex_digits};
use super::{Address20, PayoutError, PayoutRow, as_decimal, keccak, one_asset};

/// Builds the tree for rows of one asset.
///
/// Errors: [`PayoutError::NoRows`], [`PayoutError::MixedAssets`],
/// [`PayoutError::ZeroAddress`], [`PayoutError::Overflow`].
pub fn build(rows: &[PayoutRow]) -> Result<Tree, PayoutError> {
    let asset = one_asset(rows)?;
    let encoding = if rows.iter().all(|row| row.address.is_some()) {
        LeafEncoding::AddressAmount
    } else {
        LeafEncoding::RecipientAmount
    };
    let (mut claims, claim_of_row) =
        claims(rows, encoding).ok_or_else(|| PayoutError::Overflow { asset: asset.id() })?;
    let nodes = nodes(&mut claims);
    Ok(Tree { encoding, nodes, claims, claim_of_row })
}

/// Whether `proof` leads from `leaf` to `root`.
pub fn verify_proof(root: Hash32, leaf: Hash32, proof: &[Hash32]) -> bool {
    proof.iter().fold(leaf, |node, sibling| parent(node, *sibling)) == root
}

/// The leaf of an address: `abi.encode(address, uint256)`, hashed twice.
pub fn leaf_of_address(address: Address20, amount: U256) -> Hash32 {
    let mut encoded = [0; 64];
    encoded[12..32].copy_from_slice(address.as_bytes());
    encoded[32..].copy_from_slice(&amount.to_be_bytes::<32>());
    twice(&encoded)
}

/// The leaf of a recipient id: `abi.encode(string, uint256)`, hashed twice.
pub fn leaf_of_recipient(recipient: &str, amount: U256) -> Hash32 {
    let padded = recipient.len().next_multiple_of(32);
    let mut encoded = Vec::with_capacity(96 + padded);
    encoded.extend_from_slice(&U256::from(64).to_be_bytes::<32>());
    encoded.extend_from_slice(&amount.to_be_bytes::<32>());
    encoded.extend_from_slice(&U256::from(recipient.len()).to_be_bytes::<32>());
    encoded.extend_from_slice(recipient.as_bytes());
    encoded.resize(96 + padded, 0);
    twice(&encoded)
}

// --- Tree -------------------------------------------------------------------

/// What a leaf says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeafEncoding {
    /// `["address", "uint256"]`.
    AddressAmount,
    /// `["string", "uint256"]`, the string being the recipient id.
    RecipientAmount,
}

impl LeafEncoding {
    /// The Solidity types of the leaf.
    pub const fn types(self) -> [&'static str; 2] {
        match self {
            Self::AddressAmount => ["address", "uint256"],
            Self::RecipientAmount => ["string", "uint256"],
        }
    }
}

/// Who may claim.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum Key {
    /// Whoever holds the address.
    Address(Address20),
    /// The recipient with this id.
    Recipient(String),
}

/// One leaf in clear text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Who may claim.
    pub key: Key,
    /// How much, in base units: the sum over all rows with this key.
    pub amount: U256,
    tree_index: usize,
}

impl Claim {
    fn leaf(&self) -> Hash32 {
        match &self.key {
            Key::Address(address) => leaf_of_address(*address, self.amount),
            Key::Recipient(recipient) => leaf_of_recipient(recipient, self.amount),
        }
    }
}

/// A Merkle tree over the payouts of one asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    encoding: LeafEncoding,
    nodes: Vec<Hash32>,
    claims: Vec<Claim>,
    claim_of_row: Vec<usize>,
}

impl Tree {
    /// What goes on chain.
    pub fn root(&self) -> Hash32 {
        self.nodes[0]
    }

    /// What the leaves say.
    pub const fn encoding(&self) -> LeafEncoding {
        self.encoding
    }

    /// All claims, by ascending key.
    pub fn claims(&self) -> &[Claim] {
        &self.claims
    }

    /// The claim that pays row `row` of the rows given to [`build`].
    pub fn claim(&self, row: usize) -> Option<&Claim> {
        self.claims.get(*self.claim_of_row.get(row)?)
    }

    /// The leaf of that claim.
    pub fn leaf(&self, row: usize) -> Option<Hash32> {
        Some(self.nodes[self.claim(row)?.tree_index])
    }

    /// The siblings on the way from that leaf to the root, leaf side first.
    pub fn proof(&self, row: usize) -> Option<Vec<Hash32>> {
        let mut index = self.claim(row)?.tree_index;
        let mut proof = Vec::new();
        while index > 0 {
            let sibling = if index % 2 == 0 { index - 1 } else { index + 1 };
            proof.push(self.nodes[sibling]);
            index = (index - 1) / 2;
        }
        Some(proof)
    }

    /// The tree as `standard-v1` JSON on one line.
    pub fn dump(&self) -> String {
        let values = self.claims.iter().map(|claim| Value {
            value: (&claim.key, Units(claim.amount)),
            tree_index: claim.tree_index,
        });
        let dump = Dump {
            format: "standard-v1",
            leaf_encoding: self.encoding.types(),
            tree: &self.nodes,
            values: values.collect(),
        };
        serde_json::to_string(&dump).expect("strings and integers always serialise")
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dump<'a> {
    format: &'static str,
    leaf_encoding: [&'static str; 2],
    tree: &'a [Hash32],
    values: Vec<Value<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Value<'a> {
    value: (&'a Key, Units),
    tree_index: usize,
}

#[derive(Serialize)]
struct Units(#[serde(serialize_with = "as_decimal")] U256);

/// One claim per key, by ascending key, and the claim of each row. `None` when
/// a sum does not fit.
fn claims(rows: &[PayoutRow], encoding: LeafEncoding) -> Option<(Vec<Claim>, Vec<usize>)> {
    let key = |row: &PayoutRow| match (encoding, row.address) {
        (LeafEncoding::AddressAmount, Some(address)) => Key::Address(address),
        _ => Key::Recipient(row.recipient.clone()),
    };
    let mut keyed: Vec<(Key, usize)> = rows.iter().map(key).zip(0..).collect();
    keyed.sort_unstable();
    let mut claims: Vec<Claim> = Vec::with_capacity(rows.len());
    let mut claim_of_row = vec![0; rows.len()];
    for (key, row) in keyed {
        let amount = rows[row].amount;
        match claims.last_mut() {
            Some(last) if last.key == key => last.amount = last.amount.checked_add(amount)?,
            _ => claims.push(Claim { key, amount, tree_index: 0 }),
        }
        claim_of_row[row] = claims.len() - 1;
    }
    Some((claims, claim_of_row))
}

/// All nodes, root first; tells each claim where its leaf is.
fn nodes(claims: &mut [Claim]) -> Vec<Hash32> {
    let mut leaves: Vec<(Hash32, usize)> = claims.iter().map(Claim::leaf).zip(0..).collect();
    leaves.sort_unstable();
    let last = 2 * leaves.len() - 2;
    let mut nodes = vec![Hash32([0; 32]); last + 1];
    for (place, (leaf, claim)) in leaves.into_iter().enumerate() {
        nodes[last - place] = leaf;
        claims[claim].tree_index = last - place;
    }
    for index in (0..last / 2).rev() {
        nodes[index] = parent(nodes[2 * index + 1], nodes[2 * index + 2]);
    }
    nodes
}

fn parent(a: Hash32, b: Hash32) -> Hash32 {
    let (low, high) = if a <= b { (a, b) } else { (b, a) };
    let mut pair = [0; 64];
    pair[..32].copy_from_slice(&low.0);
    pair[32..].copy_from_slice(&high.0);
    Hash32(keccak(&pair))
}

/// Hashing twice keeps a leaf from being taken for an inner node.
fn twice(encoded: &[u8]) -> Hash32 {
    Hash32(keccak(&keccak(encoded)))
}

// --- Hash -------------------------------------------------------------------

/// A 32-byte hash, printed as `0x` and 64 lower-case digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash32([u8; 32]);

impl Hash32 {
    /// From its bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Hash32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; 64];
        hex_digits(&self.0, &mut digits);
        f.write_str("0x")?;
        f.write_str(std::str::from_utf8(&digits).expect("hexadecimal digits are ASCII"))
    }
}

impl fmt::Debug for Hash32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash32 {
    type Err = PayoutError;

    fn from_str(text: &str) -> Result<Self, PayoutError> {
        let digits = text.trim().strip_prefix("0x").map(str::as_bytes);
        digits
            .and_then(hex_bytes::<32>)
            .map(Self)
            .ok_or_else(|| PayoutError::NotHash { found: text.to_owned() })
    }
}

impl Serialize for Hash32 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{address, row, rows};
    use super::*;

    /// Encoding, number of rows, root, and keccak256 of the dump, from
    /// `@openzeppelin/merkle-tree` 1.0.8 over [`golden_rows`] in the order of
    /// their keys: `StandardMerkleTree.of(values, [type, "uint256"])`, then
    /// `tree.root` and `JSON.stringify(tree.dump())`.
    const GOLDEN: [(bool, u64, &str, &str); 10] = [
        (
            true,
            1,
            "0x6eb571a3747361bce059ddc0abdb76d44206a1af30bc041a5589d8c161a8bb08",
            "0xfe5e0b8d9c35d77a43e3f9457908bfed024af69aa1513fcccdd3da059c23f482",
        ),
        (
            true,
            2,
            "0x68ab6b8a9a60997948c9c468984da48f05cd54098c8eaaaf9faa7b048fb48e5c",
            "0x4c4d1a4d4c59c4f2dc3a03481f119c58885540450334479a7dc0daca8a79a9a0",
        ),
        (
            true,
            3,
            "0x02dc57e6c6514f25c483bec78c3427a37709388b837a4b94822bf8c0997c1606",
            "0xe5b68a1ed04a773b57d800aedcb14c015d7250f84be97d1b91f56b3462e4f81b",
        ),
        (
            true,
            5,
            "0x0c44cac938f2fcfea002d3b7ae26cf29eecaad334e1041665363626dde619001",
            "0x4c5475da41901d7f58698088c62f612fd975250d53d60482b2da5309a08afa6e",
        ),
        (
            true,
            1000,
            "0x74a67458debd2e2336524bdb79b9436050060a1837372aaf5477410c6102bfb5",
            "0xc56bfb8fdcb4a77f39dd179d86cdb246ca510a72a198c642298ac0283f5cc4bd",
        ),
        (
            false,
            1,
            "0x6de845802875b49d6012d22f9ada5cc4d166488d15a5803f61b8f43c899961bc",
            "0x1027f60a2c3ddc92c9e56128e23bb488aa70fe3efd2faca612d0db9c4b22044c",
        ),
        (
            false,
            2,
            "0x0730c3d0fc28dace75a6356135db8f46145ba14df305b962beb95fb2cbc20c62",
            "0x94919a56b4c74018c05accab86972a31edc047128d96903efcae71a1300eb411",
        ),
        (
            false,
            3,
            "0x4e81f9ab786689b7ff48252b79cfad34dfb699a96dc0e8e0511b09bfa7a75b47",
            "0x11e4f9d9bfa7c0e556d54ac3da013c3810ca42f8e550f0f842823abec0cd36ee",
        ),
        (
            false,
            5,
            "0x3dbfa598c759801173bc62041f969ac821f790f7f912efb653aaec29c515098b",
            "0xc3b11bff6eea63534064181c1ab3aca0cce9711edaea30f6ff9468130f9495e0",
        ),
        (
            false,
            1000,
            "0x8f73b61c40864e62040d225f20a7d9945320a7c1d00c96fb8d650ecf6186c033",
            "0x093c8b2b1de60ded84f7b54aca97931e67deec08614e43007897e989d35733c4",
        ),
    ];

    /// `tree.getProof` of row 5 among five rows, for both encodings.
    const GOLDEN_PROOFS: [(bool, &[&str]); 2] = [
        (
            true,
            &[
                "0x03f890b45f402ff127a318b2fac0ba105fb7e2cd07407130e4636aca65c3a8f3",
                "0xfc49140c5c975cdf2645e14da884ce3f3ddea43f2a531cdd9a2ddc8d4f3f716a",
                "0xf16fa412db83fce84dfff62e04b4c2c2a9e594f67ce1f400404dc1cd69dcf4e1",
            ],
        ),
        (
            false,
            &[
                "0xaf296a11736733f1fbfd917a56346a05cf128ea6c846de25f1da3262a0f16ff4",
                "0xd226d8664fbef540284bf669c4371acec91fd8ef6926c81333173450cd2552f2",
            ],
        ),
    ];

    /// Row `i` from 1: recipient `project-i`, address `i · k mod 2^160`, amount
    /// `i · 10^18 + i`.
    fn golden_rows(with_address: bool, count: u64) -> Vec<PayoutRow> {
        let factor = "0x9e3779b97f4a7c15f39cc0605cedc8341082276b".parse::<U256>().unwrap();
        let make = |i: u64| {
            let mut row = row(&format!("project-{i}"), 0, 0);
            let bytes = (U256::from(i) * factor).to_be_bytes::<32>();
            let low: [u8; 20] = bytes[12..].try_into().unwrap();
            row.address = with_address.then_some(Address20::from_bytes(low));
            row.amount = U256::from(i) * U256::from(10_u64.pow(18)) + U256::from(i);
            row
        };
        (1..=count).map(make).collect()
    }

    #[test]
    fn trees_agree_with_the_reference() {
        for (with_address, count, root, dump) in GOLDEN {
            let tree = build(&golden_rows(with_address, count)).unwrap();
            assert_eq!(tree.root().to_string(), root, "{count}");
            let found = Hash32(keccak(tree.dump().as_bytes())).to_string();
            assert_eq!(found, dump, "{count}: {:.400}", tree.dump());
        }
    }

    #[test]
    fn proofs_agree_with_the_reference() {
        for (with_address, expected) in GOLDEN_PROOFS {
            let tree = build(&golden_rows(with_address, 5)).unwrap();
            let proof = tree.proof(4).unwrap();
            assert_eq!(proof.iter().map(Hash32::to_string).collect::<Vec<_>>(), expected);
        }
    }

    /// Roots of one-leaf trees from the same package.
    #[test]
    fn texts_of_any_length_are_encoded() {
        let long = leaf_of_recipient("https://github.com/élan/projet-très-long", U256::MAX);
        assert_eq!(
            long.to_string(),
            "0x302f5568ce9fa5b4182af4c3e242a7dd02345c8e2453cbd0bbaeeb6f0bd12b7e"
        );
        assert_eq!(
            leaf_of_recipient("", U256::ZERO).to_string(),
            "0xba48f0de34d8293fb72027a172bc853a68fa65d8a0520180065ea3fb19879c03"
        );
    }

    #[test]
    fn one_key_has_one_leaf() {
        let rows = [row("a", 1, 5), row("b", 2, 7), row("c", 1, 6)];
        let tree = build(&rows).unwrap();
        assert_eq!(tree.encoding(), LeafEncoding::AddressAmount);
        assert_eq!(tree.claims().len(), 2);
        assert_eq!(tree.claim(0), tree.claim(2));
        assert_eq!(tree.claim(0).unwrap().key, Key::Address(address(1)));
        assert_eq!(tree.leaf(2), Some(leaf_of_address(address(1), U256::from(11))));
        assert_eq!((tree.claim(3), tree.leaf(3), tree.proof(3)), (None, None, None));
    }

    #[test]
    fn one_missing_address_turns_all_keys_into_ids() {
        let tree = build(&[row("a", 1, 5), row("b", 0, 7)]).unwrap();
        assert_eq!(tree.encoding().types(), ["string", "uint256"]);
        assert_eq!(tree.leaf(0), Some(leaf_of_recipient("a", U256::from(5))));
    }

    #[test]
    fn a_sum_that_does_not_fit_is_refused() {
        let mut rows = [row("a", 1, 1), row("b", 1, 1)];
        rows[0].amount = U256::MAX;
        assert!(matches!(build(&rows), Err(PayoutError::Overflow { .. })));
        assert_eq!(build(&[]), Err(PayoutError::NoRows));
    }

    #[test]
    fn a_hash_is_64_digits() {
        for text in ["", "0x", "0x12", GOLDEN[0].2.strip_prefix("0x").unwrap()] {
            assert!(matches!(text.parse::<Hash32>(), Err(PayoutError::NotHash { .. })), "{text}");
        }
        assert_eq!(GOLDEN[0].2.parse::<Hash32>().unwrap().to_string(), GOLDEN[0].2);
    }

    proptest! {
        #[test]
        fn every_row_can_prove_its_claim_and_no_other(rows in rows(), change in 1_u64..) {
            let tree = build(&rows).unwrap();
            for place in 0..rows.len() {
                let proof = tree.proof(place).unwrap();
                let leaf = tree.leaf(place).unwrap();
                prop_assert!(verify_proof(tree.root(), leaf, &proof));
                let mut other = tree.claim(place).unwrap().clone();
                other.amount = other.amount.wrapping_add(U256::from(change));
                prop_assert!(!verify_proof(tree.root(), other.leaf(), &proof));
            }
            let claimed: U256 = tree.claims().iter().map(|claim| claim.amount).sum();
            prop_assert_eq!(claimed, rows.iter().map(|row| row.amount).sum::<U256>());
        }

        #[test]
        fn row_order_is_irrelevant(mut rows in rows()) {
            let dump = build(&rows).unwrap().dump();
            rows.reverse();
            prop_assert_eq!(dump, build(&rows).unwrap().dump());
        }
    }
}
