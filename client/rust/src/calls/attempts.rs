//! Whether what has failed is tried again, and after which pause: one policy for calls, streams and depositors.
//!
//! It looks at no clock and does not sleep.

use std::time::Duration;

use crate::error::{Error, ErrorKind};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What is tried again, besides calls that found the service unavailable and have changed nothing.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Calls that may have changed something.
    unknown: bool,
    /// Calls whose deadline has passed, since that is not the deadline of all attempts.
    late: bool,
}

impl Policy {
    /// Whether a call may be made again whose outcome is unknown.
    pub(crate) fn may_repeat(self) -> bool {
        self.unknown
    }
}

/// Calls that may be carried out twice, and reads that resume.
pub(crate) const IDEMPOTENT: Policy = Policy { unknown: true, late: false };
/// Calls that must be carried out once.
pub(crate) const ONCE: Policy = Policy { unknown: false, late: false };
/// Depositors, which replace their streams.
pub(crate) const STREAM_OF_DEPOSITS: Policy = Policy { unknown: true, late: true };

/// The attempts at one call, or at going on with one stream.
#[derive(Debug)]
pub(crate) struct Attempts {
    policy: Policy,
    longest: Duration,
    before: Option<Error>,
}

impl Attempts {
    pub(crate) fn new(policy: Policy) -> Self {
        Self { policy, longest: FIRST_PAUSE, before: None }
    }

    /// Notes that the service has answered: what fails from now on has nothing to do with earlier failures.
    pub(crate) fn progress(&mut self) {
        *self = Self::new(self.policy);
    }

    /// Decides what follows an attempt that failed: the pause before the next one, or the error to return.
    ///
    /// `left` is the time for further attempts, `None` for no limit.
    pub(crate) fn pause_after(&mut self, error: Error, left: Option<Duration>) -> Result<Duration, Error> {
        let before = self.before.take();
        let unknown = error.outcome_unknown() || before.as_ref().is_some_and(Error::outcome_unknown);
        let error = error.with_outcome_unknown(unknown);
        let late = error.kind() == ErrorKind::DeadlineExceeded;
        if !late && error.kind() != ErrorKind::Unavailable {
            return Err(error);
        }
        let refused = (late && !self.policy.late) || (unknown && !self.policy.unknown);
        let pause = self.longest.mul_f64(0.5 + fastrand::f64() / 2.0).max(error.retry_delay());
        self.longest = (self.longest * 2).min(LONGEST_PAUSE);
        if refused || left.is_some_and(|left| pause >= left) {
            // If the time ended during this attempt, the error of the one before says more.
            let before = before.filter(|_| late && error.reason().is_empty());
            return Err(before.map_or(error, |each| each.with_outcome_unknown(unknown)));
        }
        self.before = Some(error);
        Ok(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic::Code;

    fn late(reason: &str) -> Error {
        Error::new(ErrorKind::DeadlineExceeded, Code::DeadlineExceeded, "too late").with_reason(reason, "")
    }

    #[test]
    fn pauses_double_up_to_two_seconds_and_start_over() {
        let mut attempts = Attempts::new(IDEMPOTENT);
        for longest in [50, 100, 200, 400, 800, 1600, 2000, 2000] {
            let pause = attempts.pause_after(Error::unavailable("gone"), None).unwrap();
            let longest = Duration::from_millis(longest);
            assert!(longest / 2 <= pause && pause <= longest, "{pause:?}");
        }
        attempts.progress();
        let pause = attempts.pause_after(Error::unavailable("gone"), None).unwrap();
        assert!(pause <= FIRST_PAUSE);
    }

    #[test]
    fn a_pause_is_as_long_as_the_service_asks_for_and_not_begun_if_too_long() {
        let asked = || Error::unavailable("busy").with_retry_delay(Duration::from_secs(9));
        let mut attempts = Attempts::new(IDEMPOTENT);
        let long = Some(Duration::from_secs(10));
        assert_eq!(attempts.pause_after(asked(), long).unwrap(), Duration::from_secs(9));
        let short = Some(Duration::from_secs(9));
        assert!(attempts.pause_after(asked(), short).is_err());
    }

    #[test]
    fn each_policy_has_its_row_of_the_table() {
        for (policy, unknown, deadline) in
            [(IDEMPOTENT, true, false), (ONCE, false, false), (STREAM_OF_DEPOSITS, true, true)]
        {
            let again = |error| Attempts::new(policy).pause_after(error, None).is_ok();
            assert!(again(Error::unavailable("nothing was changed")));
            let maybe = Error::unavailable("gone").with_outcome_unknown(true);
            assert_eq!(again(maybe), unknown);
            assert_eq!(again(late("DEADLINE_EXCEEDED")), deadline);
            assert!(!again(Error::invalid("wrong")));
            assert!(!again(Error::other("strange")));
        }
    }

    #[test]
    fn what_is_returned_knows_of_all_attempts() {
        let mut attempts = Attempts::new(IDEMPOTENT);
        let lost = Error::unavailable("lost").with_outcome_unknown(true);
        attempts.pause_after(lost, None).unwrap();
        let error = attempts.pause_after(Error::other("strange"), None).unwrap_err();
        assert!(error.outcome_unknown());

        for policy in [IDEMPOTENT, ONCE, STREAM_OF_DEPOSITS] {
            let mut attempts = Attempts::new(policy);
            attempts.pause_after(Error::unavailable("lost"), None).unwrap();
            let error =
                attempts.pause_after(late("").with_outcome_unknown(true), Some(Duration::ZERO)).unwrap_err();
            assert_eq!(error.to_string(), "lost");
            assert!(error.outcome_unknown());
        }
    }
}
