//! Whose spans are kept. A trace is decided on where it begins and the decision goes along in its flags; what turns out
//! to be an error, held or flagged is kept from there on ([`crate::runtime`]).

use std::sync::OnceLock;

use opentelemetry::trace::{SpanKind, TraceId};
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, ShouldSample};

use super::settings::{SamplerKind, TraceSettings};
use crate::trace::TraceContext;

static SAMPLING: OnceLock<Sampling> = OnceLock::new();

struct Sampling {
    /// Whether a trace that has begun elsewhere was decided on there.
    follows: bool,
    roots: Sampler,
}

impl Sampling {
    fn of(settings: &TraceSettings) -> Self {
        use SamplerKind::{
            AlwaysOff, AlwaysOn, ParentbasedAlwaysOff, ParentbasedAlwaysOn, ParentbasedTraceidratio,
            Traceidratio,
        };
        let (follows, roots) = match settings.traces_sampler {
            AlwaysOn => (false, Sampler::AlwaysOn),
            AlwaysOff => (false, Sampler::AlwaysOff),
            Traceidratio => (false, Sampler::TraceIdRatioBased(settings.traces_share)),
            ParentbasedAlwaysOn => (true, Sampler::AlwaysOn),
            ParentbasedAlwaysOff => (true, Sampler::AlwaysOff),
            ParentbasedTraceidratio => (true, Sampler::TraceIdRatioBased(settings.traces_share)),
        };
        Self { follows, roots }
    }

    fn keeps(&self, trace_id: u128) -> bool {
        let sampled =
            self.roots.should_sample(None, TraceId::from(trace_id), "", &SpanKind::Internal, &[], &[]);
        sampled.decision == SamplingDecision::RecordAndSample
    }
}

/// Takes these settings, once per process.
pub(super) fn settle(settings: &TraceSettings) {
    let _ = SAMPLING.set(Sampling::of(settings)); // the first settings stay
}

/// Whether a trace that begins here is sampled; in a program without settings, each is.
pub(crate) fn samples_root(trace_id: u128) -> bool {
    SAMPLING.get().is_none_or(|sampling| sampling.keeps(trace_id))
}

/// Whether spans of this trace are kept, whatever becomes of them.
pub(crate) fn wants(trace: &TraceContext) -> bool {
    match SAMPLING.get() {
        Some(sampling) if !sampling.follows => sampling.keeps(trace.trace()),
        _ => trace.is_sampled(),
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;

    fn sampling(sampler: SamplerKind, share: f64) -> Sampling {
        Sampling::of(&TraceSettings {
            otlp_endpoint: None,
            service_name: None,
            traces_sampler: sampler,
            traces_share: share,
            spans_max: 1,
        })
    }

    #[test]
    fn a_share_of_the_traces_is_kept_and_every_process_keeps_the_same_ones() {
        let (one, other) =
            (sampling(SamplerKind::Traceidratio, 0.1), sampling(SamplerKind::ParentbasedTraceidratio, 0.1));
        let mut random = rand::rng();
        let ids: Vec<u128> = (0..10_000).map(|_| random.random_range(1..=u128::MAX)).collect();
        let kept = ids.iter().filter(|id| one.keeps(**id)).count();
        assert!((700..1_300).contains(&kept), "{kept} of 10,000");
        assert!(ids.iter().all(|id| one.keeps(*id) == other.keeps(*id)));
        assert!(!one.follows && other.follows);
    }

    #[test]
    fn all_or_none_are_kept_where_that_is_asked_for() {
        for id in [1, u128::MAX / 3, u128::MAX] {
            assert!(sampling(SamplerKind::AlwaysOn, 0.0).keeps(id));
            assert!(!sampling(SamplerKind::ParentbasedAlwaysOff, 1.0).keeps(id));
        }
    }
}
