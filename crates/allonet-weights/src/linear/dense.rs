//! Dense symmetric matrices.

use rayon::prelude::*;

/// A symmetric matrix, all of it kept, row after row.
#[derive(Debug, Clone, PartialEq)]
pub struct Symmetric {
    size: usize,
    values: Vec<f64>,
}

impl Symmetric {
    /// All zeros.
    pub fn zeros(size: usize) -> Self {
        Self { size, values: vec![0.0; size * size] }
    }

    /// A Laplacian in compressed rows, and what is added to its diagonal.
    pub(crate) fn from_rows(
        offsets: &[usize],
        others: &[u32],
        weights: &[f64],
        diagonal: &[f64],
    ) -> Self {
        let mut matrix = Self::zeros(diagonal.len());
        for (row, added) in diagonal.iter().enumerate() {
            let range = offsets[row]..offsets[row + 1];
            let values = &mut matrix.values[row * matrix.size..][..matrix.size];
            values[row] = added + weights[range.clone()].iter().sum::<f64>();
            for (other, weight) in others[range.clone()].iter().zip(&weights[range]) {
                values[*other as usize] = -weight;
            }
        }
        matrix
    }

    /// A Laplacian of one island made positive definite: `A + g 11ᵀ`, with `g`
    /// the mean of the diagonal over the size. The inverse is `A⁺ + 11ᵀ / (g n²)`.
    pub(crate) fn grounded(mut self) -> (Self, f64) {
        let size = self.size as f64;
        let ground = (0..self.size).map(|row| self.at(row, row)).sum::<f64>() / (size * size);
        self.values.iter_mut().for_each(|value| *value += ground);
        (self, ground)
    }

    /// How many rows it has.
    pub fn size(&self) -> usize {
        self.size
    }

    /// One entry.
    pub fn at(&self, row: usize, column: usize) -> f64 {
        self.values[row * self.size + column]
    }

    /// One row.
    pub fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.size..(row + 1) * self.size]
    }

    /// Adds to an entry and to its mirror image; once on the diagonal.
    pub fn add(&mut self, row: usize, column: usize, value: f64) {
        self.values[row * self.size + column] += value;
        if row != column {
            self.values[column * self.size + row] += value;
        }
    }

    /// Adds `weight (e_a − e_b)(e_a − e_b)ᵀ`: one edge of a Laplacian.
    pub fn add_edge(&mut self, a: usize, b: usize, weight: f64) {
        self.add(a, a, weight);
        self.add(b, b, weight);
        self.add(a, b, -weight);
    }

    /// The lower triangle `L` of `A = L Lᵀ`; none if the matrix is not positive
    /// definite to working precision.
    pub fn cholesky(&self) -> Option<Cholesky> {
        let size = self.size;
        let mut lower = self.values.clone();
        for column in 0..size {
            for row in column..size {
                let (head, tail) = lower.split_at(row * size);
                let own = &tail[..column];
                let other = if row == column { own } else { &head[column * size..][..column] };
                let product = dot(own, other);
                let value = lower[row * size + column] - product;
                if row == column {
                    if value <= self.at(column, column) * 1e-14 || value.is_nan() {
                        return None;
                    }
                    lower[row * size + column] = value.sqrt();
                } else {
                    lower[row * size + column] = value / lower[column * size + column];
                }
            }
        }
        Some(Cholesky { size, lower })
    }

    /// The inverse; none if the matrix is not positive definite.
    pub fn inverse(&self) -> Option<Self> {
        let cholesky = self.cholesky()?;
        let mut inverse = Self::zeros(self.size);
        for column in 0..self.size {
            let mut unit = vec![0.0; self.size];
            unit[column] = 1.0;
            cholesky.solve(&mut unit);
            for (row, value) in unit.into_iter().enumerate() {
                inverse.values[row * self.size + column] = value;
            }
        }
        Some(inverse)
    }
}

/// `A = L Lᵀ`.
#[derive(Debug, Clone)]
pub struct Cholesky {
    size: usize,
    lower: Vec<f64>,
}

impl Cholesky {
    /// Puts the solution of `A x = b` in the place of `b`.
    pub fn solve(&self, right: &mut [f64]) {
        let size = self.size;
        for row in 0..size {
            let known = dot(&self.lower[row * size..][..row], &right[..row]);
            right[row] = (right[row] - known) / self.lower[row * size + row];
        }
        for row in (0..size).rev() {
            right[row] /= self.lower[row * size + row];
            let value = right[row];
            let above = self.lower[row * size..][..row].iter();
            right[..row].iter_mut().zip(above).for_each(|(x, l)| *x -= l * value);
        }
    }
}

impl Cholesky {
    /// The diagonal of the inverse: squares of the columns of `L⁻¹`, added up.
    pub(crate) fn inverse_diagonal(&self) -> Vec<f64> {
        let size = self.size;
        let of_column = |column: usize| {
            let mut inverse = vec![0.0; size - column];
            inverse[0] = 1.0 / self.lower[column * size + column];
            for row in column + 1..size {
                let (above, own) =
                    self.lower[row * size + column..=row * size + row].split_at(row - column);
                inverse[row - column] = -dot(above, &inverse[..row - column]) / own[0];
            }
            dot(&inverse, &inverse)
        };
        (0..size).into_par_iter().map(of_column).collect()
    }
}

/// The product of two vectors, in four running sums: a fixed order that
/// processors can do side by side.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a_parts, a_rest) = a.as_chunks::<4>();
    let (b_parts, b_rest) = b.as_chunks::<4>();
    let mut sums = [0.0; 4];
    for (a, b) in a_parts.iter().zip(b_parts) {
        for lane in 0..4 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    (sums[0] + sums[2]) + (sums[1] + sums[3]) + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inverse_times_the_matrix_is_one() {
        let mut matrix = Symmetric::zeros(6);
        for row in 0..6 {
            matrix.add(row, row, 0.5);
            matrix.add_edge(row, (row + 1) % 6, 1.0 + row as f64);
        }
        let inverse = matrix.inverse().expect("it is positive definite");
        for row in 0..6 {
            for column in 0..6 {
                let product: f64 = (0..6).map(|k| matrix.at(row, k) * inverse.at(k, column)).sum();
                assert!((product - f64::from(u8::from(row == column))).abs() < 1e-12);
            }
        }
        let diagonal = matrix.cholesky().expect("as before").inverse_diagonal();
        for (row, value) in diagonal.into_iter().enumerate() {
            assert!((value - inverse.at(row, row)).abs() < 1e-14);
        }
        let mut singular = Symmetric::zeros(2);
        singular.add_edge(0, 1, 1.0);
        assert!(singular.cholesky().is_none());
    }
}
