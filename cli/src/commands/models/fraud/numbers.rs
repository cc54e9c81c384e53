//! Several simulations as one number: the mean, and how sure it is.

use std::fmt;

use serde::Serialize;

/// Student's t for 95 % on both sides, by degrees of freedom from 1 on (Student, The Probable Error of a Mean, 1908).
const T: [f64; 9] = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

/// A mean over simulations.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Mean {
    /// The mean.
    pub mean: f64,
    /// Half of the 95 % interval around it; none for a single simulation.
    pub within: Option<f64>,
}

impl Mean {
    /// Of at most ten numbers; zero of none.
    pub fn of(numbers: impl IntoIterator<Item = f64>) -> Self {
        let numbers: Vec<f64> = numbers.into_iter().collect();
        let count = numbers.len() as f64;
        let mean = numbers.iter().sum::<f64>() / count.max(1.0);
        let within = T.get(numbers.len().wrapping_sub(2)).map(|t| {
            let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
            t * (squares / (count - 1.0) / count).sqrt()
        });
        Self { mean, within }
    }
}

impl fmt::Display for Mean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.mean)?;
        self.within.map_or(Ok(()), |within| write!(f, " ± {within:.3}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_students() {
        // Five numbers of mean 3 and standard deviation √2.5: 2.776 · √(2.5 / 5).
        let mean = Mean::of([1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(mean.mean, 3.0);
        assert!((mean.within.unwrap() - 1.963).abs() < 1e-3);
        assert_eq!(mean.to_string(), "3.000 ± 1.963");
    }

    #[test]
    fn one_number_has_no_interval() {
        assert_eq!(Mean::of([0.25]).to_string(), "0.250");
    }
}
