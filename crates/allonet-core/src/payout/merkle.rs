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
//! Time is `n log n` for sorting plus `4 n` hashes; each node is stored once
//! (32 bytes), proofs are read off on demand. A million rows take about two
//! seconds on one core.
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
    let (mut claims, claim_of_row) = claims(rows, encoding)
        .ok_or_else(|| PayoutError::Overflow { asset: asset.id() })?;
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
