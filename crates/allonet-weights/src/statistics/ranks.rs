//! Agreement of orders (Kendall's τ_b).

/// Kendall's τ_b of two orders, in `n log n` steps (Knight 1966); none where one
/// of them holds all items level.
pub(crate) fn kendall(p: &[f64], q: &[f64]) -> Option<f64> {
    let mut pairs: Vec<(f64, f64)> = p.iter().copied().zip(q.iter().copied()).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let all = choose_two(pairs.len());
    let tied_p = ties(&pairs, |a, b| a.0.total_cmp(&b.0).is_eq());
    let tied_both = ties(&pairs, |a, b| a == b);
    let mut second: Vec<f64> = pairs.iter().map(|pair| pair.1).collect();
    let discordant = inversions(&mut second) as f64;
    let tied_q = ties(&second, |a, b| a.total_cmp(b).is_eq());
    let scale = ((all - tied_p) * (all - tied_q)).sqrt();
    let concordant = all - tied_p - tied_q + tied_both - discordant;
    (scale > 0.0).then(|| (concordant - discordant) / scale)
}

fn choose_two(count: usize) -> f64 {
    count as f64 * (count as f64 - 1.0) / 2.0
}

/// Pairs within runs of what is equal.
fn ties<T>(sorted: &[T], equal: impl Fn(&T, &T) -> bool) -> f64 {
    sorted.chunk_by(equal).map(|run| choose_two(run.len())).sum()
}

/// Sorts, and counts the pairs that were the wrong way round.
fn inversions(values: &mut [f64]) -> u64 {
    if values.len() < 2 {
        return 0;
    }
    let (low, high) = values.split_at_mut(values.len() / 2);
    let mut count = inversions(low) + inversions(high);
    let mut merged = Vec::with_capacity(low.len() + high.len());
    let (mut left, mut right) = (0, 0);
    while left < low.len() || right < high.len() {
        if right == high.len() || (left < low.len() && low[left] <= high[right]) {
            merged.push(low[left]);
            left += 1;
        } else {
            merged.push(high[right]);
            right += 1;
            count += (low.len() - left) as u64;
        }
    }
    values.copy_from_slice(&merged);
    count
}
