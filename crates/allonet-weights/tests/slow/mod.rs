//! Slow references of the rules: dense matrices, plain loops, platform maths;
//! nothing shared with the crate.

/// Rows `(left, right, c)`, `c = ln(right / left)`.
pub(crate) type Rows = [(usize, usize, f64)];

type Matrix = Vec<Vec<f64>>;

/// Gaussian elimination with the largest pivot.
pub(crate) fn solve(mut a: Matrix, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for column in 0..n {
        let pivot = (column..n).max_by(|x, y| a[*x][column].abs().total_cmp(&a[*y][column].abs()));
        let pivot = pivot.expect("there are rows left");
        a.swap(column, pivot);
        b.swap(column, pivot);
        for row in column + 1..n {
            let factor = a[row][column] / a[column][column];
            for k in column..n {
                a[row][k] -= factor * a[column][k];
            }
            b[row] -= factor * b[column];
        }
    }
    for row in (0..n).rev() {
        let known: f64 = (row + 1..n).map(|k| a[row][k] * b[k]).sum();
        b[row] = (b[row] - known) / a[row][row];
    }
    b
}

pub(crate) fn centred(mut z: Vec<f64>) -> Vec<f64> {
    let mean = z.iter().sum::<f64>() / z.len() as f64;
    for value in &mut z {
        *value -= mean;
    }
    z
}

pub(crate) fn weights(z: &[f64]) -> Vec<f64> {
    let total: f64 = z.iter().map(|value| value.exp()).sum();
    z.iter().map(|value| value.exp() / total).collect()
}

/// `min Σ w (z_right − z_left − c)² + ridge ‖z‖²`; without a ridge the mean is
/// pinned to zero by adding `1 1ᵀ`.
pub(crate) fn least_squares(rows: &Rows, w: &[f64], n: usize, ridge: f64) -> Vec<f64> {
    let pin = if ridge == 0.0 { 1.0 } else { 0.0 };
    let mut a = vec![vec![pin; n]; n];
    let mut b = vec![0.0; n];
    (0..n).for_each(|i| a[i][i] += ridge);
    for ((l, r, c), w) in rows.iter().zip(w) {
        a[*l][*l] += w;
        a[*r][*r] += w;
        a[*l][*r] -= w;
        a[*r][*l] -= w;
        b[*r] += w * c;
        b[*l] -= w * c;
    }
    centred(solve(a, b))
}

fn median(mut v: Vec<f64>) -> f64 {
    v.sort_by(f64::total_cmp);
    f64::midpoint(v[(v.len() - 1) / 2], v[v.len() / 2])
}

fn mad(v: &[f64]) -> f64 {
    let middle = median(v.to_vec());
    median(v.iter().map(|x| (x - middle).abs()).collect())
}

fn mean_deviation(v: &[f64]) -> f64 {
    let mean = v.iter().sum::<f64>() / v.len() as f64;
    v.iter().map(|x| (x - mean).abs()).sum::<f64>() / v.len() as f64
}

pub(crate) fn huber(rows: &Rows, n: usize, adaptive: bool) -> Vec<f64> {
    const MAD: f64 = 0.674_489_750_196_081_7;
    let values: Vec<f64> = rows.iter().map(|row| row.2).collect();
    let ones = vec![1.0; rows.len()];
    let mut z = if adaptive { least_squares(rows, &ones, n, 0.0) } else { vec![0.0; n] };
    for _ in 0..if adaptive { 50 } else { 75 } {
        let r: Vec<f64> = rows.iter().map(|(l, r, c)| c - (z[*r] - z[*l])).collect();
        let scale = if adaptive {
            if mad(&r) > 0.0 { mad(&r) / MAD } else { mean_deviation(&r) }
        } else if mad(&values) > 0.0 {
            mad(&values) / MAD
        } else {
            mean_deviation(&values) / MAD
        };
        let delta = 1.345 * if scale > 0.0 { scale } else { 1.0 };
        let w: Vec<f64> = r.iter().map(|r| (delta / r.abs().max(1e-12)).min(1.0)).collect();
        let next = least_squares(rows, &w, n, if adaptive { 0.0 } else { 1e-6 });
        let norm = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
        let step: Vec<f64> = next.iter().zip(&z).map(|(a, b)| a - b).collect();
        let done = norm(&step) <= 1e-8 * (1.0 + norm(&z));
        z = next;
        if done {
            break;
        }
    }
    z
}

/// `wins[i][j]`: how often `i` was preferred to `j`; half for a tie.
pub(crate) fn wins(rows: &Rows, n: usize) -> Matrix {
    let mut wins = vec![vec![0.0; n]; n];
    for (l, r, c) in rows {
        let share = if *c > 0.0 {
            1.0
        } else if *c < 0.0 {
            0.0
        } else {
            0.5
        };
        wins[*r][*l] += share;
        wins[*l][*r] += 1.0 - share;
    }
    wins
}

pub(crate) fn colley(rows: &Rows, n: usize) -> Vec<f64> {
    let won = wins(rows, n);
    let mut a = vec![vec![0.0; n]; n];
    let mut b = vec![1.0; n];
    for i in 0..n {
        a[i][i] += 2.0;
        for j in 0..n {
            let met = won[i][j] + won[j][i];
            a[i][i] += met;
            a[i][j] -= met;
            b[i] += (won[i][j] - won[j][i]) / 2.0;
        }
    }
    centred(solve(a, b).into_iter().map(|r| r.max(1e-12).ln()).collect())
}

pub(crate) fn win_rate(rows: &Rows, n: usize) -> Vec<f64> {
    let won = wins(rows, n);
    let rate = |i: usize| {
        let (w, l): (f64, f64) = (won[i].iter().sum(), (0..n).map(|j| won[j][i]).sum());
        ((w + 1.0) / (w + l + 2.0)).ln()
    };
    centred((0..n).map(rate).collect())
}

/// `votes` in addition to those of the rows: `(from, to)`.
pub(crate) fn pagerank(
    rows: &Rows,
    votes: &[(usize, usize)],
    n: usize,
    by_multiplier: bool,
) -> Vec<f64> {
    let mut a = vec![vec![0.0; n]; n];
    for (from, to) in votes {
        a[*from][*to] += 1.0;
    }
    for (l, r, c) in rows {
        let weight = if by_multiplier { c.abs().exp() } else { 1.0 };
        if *c >= 0.0 {
            a[*l][*r] += if *c == 0.0 { weight / 2.0 } else { weight };
        }
        if *c <= 0.0 {
            a[*r][*l] += if *c == 0.0 { weight / 2.0 } else { weight };
        }
    }
    let mut r = vec![1.0 / n as f64; n];
    for _ in 0..200 {
        let mut next = vec![0.15 / n as f64; n];
        for i in 0..n {
            let total: f64 = a[i].iter().sum();
            for j in 0..n {
                let t = if total > 0.0 { a[i][j] / total } else { 1.0 / n as f64 };
                next[j] += 0.85 * t * r[i];
            }
        }
        let moved: f64 = next.iter().zip(&r).map(|(a, b)| (a - b).abs()).sum();
        r = next;
        if moved <= 1e-10 {
            break;
        }
    }
    centred(r.into_iter().map(|r| r.max(1e-12).ln()).collect())
}

/// The walk's matrix.
fn chain(rows: &Rows, n: usize) -> Matrix {
    let won = wins(rows, n);
    let share = |i: usize, j: usize| {
        let met = won[i][j] + won[j][i];
        if met > 0.0 { won[j][i] / met } else { 0.0 }
    };
    let sums: Vec<f64> = (0..n).map(|i| (0..n).map(|j| share(i, j)).sum()).collect();
    let most = sums.iter().copied().fold(0.0, f64::max);
    let entry = |i: usize, j: usize| {
        if i == j { 1.0 - sums[i] / most } else { share(i, j) / most }
    };
    (0..n).map(|i| (0..n).map(|j| entry(i, j)).collect()).collect()
}

pub(crate) fn rank_centrality(rows: &Rows, n: usize) -> Vec<f64> {
    let p = chain(rows, n);
    let mut pi = vec![1.0 / n as f64; n];
    for _ in 0..200 {
        let next: Vec<f64> = (0..n).map(|j| (0..n).map(|i| p[i][j] * pi[i]).sum()).collect();
        let moved: f64 = next.iter().zip(&pi).map(|(a, b)| (a - b).abs()).sum();
        pi = next;
        if moved <= 1e-10 {
            break;
        }
    }
    centred(pi.into_iter().map(|p| p.max(1e-12).ln()).collect())
}

/// `(I − Pᵀ) π = 0` with the last equation replaced by `Σ π = 1`.
pub(crate) fn rank_centrality_exact(rows: &Rows, n: usize) -> Vec<f64> {
    let p = chain(rows, n);
    let entry = |i: usize, j: usize| f64::from(u8::from(i == j)) - p[j][i];
    let mut a: Matrix = (0..n).map(|i| (0..n).map(|j| entry(i, j)).collect()).collect();
    a[n - 1] = vec![1.0; n];
    let mut b = vec![0.0; n];
    b[n - 1] = 1.0;
    centred(solve(a, b).into_iter().map(f64::ln).collect())
}

/// Powers of the squared matrix, normalised: no shift, no sparse rows.
pub(crate) fn eigenvector(rows: &Rows, n: usize) -> Vec<f64> {
    let mut m = wins(rows, n);
    (0..n).for_each(|i| m[i][i] += 1.0);
    for _ in 0..60 {
        let square = |i: usize, j: usize| (0..n).map(|k| m[i][k] * m[k][j]).sum::<f64>();
        let next: Matrix = (0..n).map(|i| (0..n).map(|j| square(i, j)).collect()).collect();
        let total: f64 = next.iter().flatten().sum();
        m = next.into_iter().map(|row| row.into_iter().map(|x| x / total).collect()).collect();
    }
    centred((0..n).map(|i| m[i].iter().sum::<f64>().ln()).collect())
}

/// Φ by Simpson's rule on the density.
fn normal_cdf(x: f64) -> f64 {
    const STEPS: u32 = 4_000;
    let h = x / f64::from(STEPS);
    let density = |t: f64| (-0.5 * t * t).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let weight = |k: u32| if k == 0 || k == STEPS { 1.0 } else { f64::from(2 + 2 * (k % 2)) };
    let sum: f64 = (0..=STEPS).map(|k| weight(k) * density(f64::from(k) * h)).sum();
    0.5 + sum * h / 3.0
}

/// The gradient of Thurstone's penalised likelihood; zero at the estimate.
pub(crate) fn thurstone_gradient(rows: &Rows, mu: &[f64], prior: f64) -> Vec<f64> {
    let won = wins(rows, mu.len());
    let density = |t: f64| (-0.5 * t * t).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let part = |i: usize, j: usize| {
        let d = mu[i] - mu[j];
        density(d) * (won[i][j] / normal_cdf(d) - won[j][i] / normal_cdf(-d))
    };
    (0..mu.len()).map(|i| (0..mu.len()).map(|j| part(i, j)).sum::<f64>() - prior * mu[i]).collect()
}

/// Elo in the order of the rows, from a start.
pub(crate) fn elo(rows: &Rows, k: f64, mut r: Vec<f64>) -> Vec<f64> {
    for (left, right, c) in rows {
        let (w, l) = if *c > 0.0 { (*right, *left) } else { (*left, *right) };
        let change = k * (1.0 - 1.0 / (1.0 + (r[l] - r[w]).exp()));
        r[w] += change;
        r[l] -= change;
    }
    let r = centred(r);
    let deviation = (r.iter().map(|x| x * x).sum::<f64>() / r.len() as f64).sqrt();
    r.into_iter().map(|x| if deviation > 1.0 { x / deviation } else { x }).collect()
}
