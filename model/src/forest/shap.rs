//! Why a row got its margin: exact Shapley values of the features, by the path-dependent TreeSHAP.
//!
//! S. M. Lundberg, G. G. Erion, S.-I. Lee: Consistent individualized feature attribution for tree ensembles,
//! arXiv:1802.03888 (2018), algorithm 2. The names EXTEND and UNWIND are the paper's.

use super::{Forest, Test};

/// What each feature added to a row's margin. Base and contributions together are the margin, up to rounding.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The mean margin over the rows of training.
    pub base: f64,
    /// By feature: how much it moved the margin from there, in log-odds.
    pub contributions: Vec<f64>,
}

/// No feature: how a path begins.
const NONE: u16 = u16::MAX;

/// A feature tested on the way to a node.
#[derive(Clone, Copy, Debug)]
struct Element {
    feature: u16,
    /// The share of subsets' weight that passes here when the feature is unknown: by covers.
    zero: f64,
    /// When it is known: 1 where the row goes, else 0.
    one: f64,
    /// Of the subsets with as many known features as this element's place, by Shapley's weights.
    weight: f64,
}

/// How a node is reached from its parent.
#[derive(Clone, Copy)]
struct Step {
    feature: u16,
    zero: f64,
    one: f64,
}

impl Forest {
    /// Explains one row; values beyond the last feature are ignored. Takes time in proportion to leaves times the
    /// square of depth: for what somebody will read, not for every row.
    #[must_use]
    pub fn explain(&self, row: &[f32]) -> Explanation {
        let means = self.roots.iter().map(|root| self.history[*root as usize].mean);
        let base = f64::from(self.base) + means.sum::<f64>();
        let mut walk = Walk { forest: self, row, contributions: vec![0.0; self.features], paths: Vec::new() };
        for root in &self.roots {
            walk.visit(*root as usize, 0, Step { feature: NONE, zero: 1.0, one: 1.0 });
            walk.paths.clear();
        }
        Explanation { base, contributions: walk.contributions }
    }
}

struct Walk<'a> {
    forest: &'a Forest,
    row: &'a [f32],
    contributions: Vec<f64>,
    /// The paths of a node and of its ancestors, one after the other: each visit changes a copy.
    paths: Vec<Element>,
}

impl Walk<'_> {
    /// `from` is where the copy of the parent's path begins.
    fn visit(&mut self, index: usize, from: usize, step: Step) {
        extend(&mut self.paths, from, step);
        let node = &self.forest.nodes[index];
        if node.test == Test::Leaf {
            return self.settle(from, f64::from(node.value));
        }
        let hot = node.next(self.row);
        let cold = if hot == node.if_true { node.if_false } else { node.if_true };
        // A feature that was tested before is one player still.
        let before = self.paths[from..].iter().position(|element| element.feature == node.feature);
        let (zero, one) = before.map_or((1.0, 1.0), |place| unwind(&mut self.paths, from, place));
        let cover = |node: u32| self.forest.history[node as usize].cover;
        let both = cover(hot) + cover(cold);
        for (child, one) in [(hot, one), (cold, 0.0)] {
            let copy = self.paths.len();
            self.paths.extend_from_within(from..);
            let step = Step { feature: node.feature, zero: zero * cover(child) / both, one };
            self.visit(child as usize, copy, step);
            self.paths.truncate(copy);
        }
    }

    fn settle(&mut self, from: usize, weight: f64) {
        let path = &self.paths[from..];
        for (place, element) in path.iter().enumerate().skip(1) {
            let subsets = unwound_sum(path, place);
            self.contributions[usize::from(element.feature)] +=
                subsets * (element.one - element.zero) * weight;
        }
    }
}

/// EXTEND: one more feature on the path that begins at `from`.
fn extend(paths: &mut Vec<Element>, from: usize, step: Step) {
    let length = paths.len() - from;
    let weight = if length == 0 { 1.0 } else { 0.0 };
    paths.push(Element { feature: step.feature, zero: step.zero, one: step.one, weight });
    let (path, size) = (&mut paths[from..], (length + 1) as f64);
    for place in (0..length).rev() {
        path[place + 1].weight += step.one * path[place].weight * (place + 1) as f64 / size;
        path[place].weight *= step.zero * (length - place) as f64 / size;
    }
}

/// UNWIND: takes the feature at `place` out again; answers what it was.
fn unwind(paths: &mut Vec<Element>, from: usize, place: usize) -> (f64, f64) {
    let path = &mut paths[from..];
    let (last, size) = (path.len() - 1, path.len() as f64);
    let Element { zero, one, .. } = path[place];
    let mut next = path[last].weight;
    for index in (0..last).rev() {
        let share = zero * (last - index) as f64;
        if one == 0.0 {
            path[index].weight *= size / share;
        } else {
            let weight = path[index].weight;
            path[index].weight = next * size / ((index + 1) as f64 * one);
            next = weight - path[index].weight * share / size;
        }
    }
    // Weights belong to places, the rest to features.
    for index in place..last {
        path[index] = Element { weight: path[index].weight, ..path[index + 1] };
    }
    paths.pop();
    (zero, one)
}

/// The sum of the weights that [`unwind`] would leave, without doing it.
fn unwound_sum(path: &[Element], place: usize) -> f64 {
    let (last, size) = (path.len() - 1, path.len() as f64);
    let Element { zero, one, .. } = path[place];
    let mut next = path[last].weight;
    let mut sum = 0.0;
    for index in (0..last).rev() {
        let share = zero * (last - index) as f64;
        if one == 0.0 {
            sum += path[index].weight / share;
        } else {
            let weight = next / ((index + 1) as f64 * one);
            sum += weight;
            next = path[index].weight - weight * share;
        }
    }
    sum * size
}
