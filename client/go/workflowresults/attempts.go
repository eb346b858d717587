package workflowresults

import (
	"context"
	"math"
	"math/rand/v2"
	"time"
)

const (
	firstPause   = 50 * time.Millisecond
	longestPause = 2 * time.Second
	forever      = time.Duration(math.MaxInt64)
)

// policy is what is tried again besides calls that found the service unavailable and have changed nothing. The table is
// in docs/reference/retries.md.
type policy struct {
	// unknown: calls that may have changed something.
	unknown bool
	// late: calls whose deadline has passed, since that is not the deadline of all attempts.
	late bool
}

var (
	idempotent       = policy{unknown: true}
	once             = policy{}
	streamOfDeposits = policy{unknown: true, late: true}
)

// changePolicy returns the policy for a change: with a request id, it may be sent again.
func changePolicy(requestID string) policy {
	if requestID != "" {
		return idempotent
	}
	return once
}

// attempts are those at one call, or at going on with one stream.
type attempts struct {
	policy policy
	pauses pauses
	before *Error
}

// progress notes that the service has answered: what fails from now on has nothing to do with earlier failures.
func (a *attempts) progress() {
	a.pauses, a.before = pauses{}, nil
}

// after decides what follows an attempt that failed: a pause, or the error to return. The error is changed to say if an
// earlier attempt may have changed something. Left is the time for further attempts.
func (a *attempts) after(err *Error, left time.Duration) (time.Duration, *Error) {
	before := a.before
	a.before = err
	if before != nil {
		err.OutcomeUnknown = err.OutcomeUnknown || before.OutcomeUnknown
	}
	late := err.Kind == DeadlineExceeded
	if !late && err.Kind != Unavailable {
		return 0, err
	}
	refused := (late && !a.policy.late) || (err.OutcomeUnknown && !a.policy.unknown)
	pause := max(a.pauses.next(), err.RetryDelay)
	if !refused && pause < left {
		return pause, nil
	}
	if late && before != nil && err.Reason == "" { // the time ended during this attempt; the error before says more
		before.OutcomeUnknown = err.OutcomeUnknown
		return 0, before
	}
	return 0, err
}

// pauses are those before further attempts: growing, and random so that clients don't come back all at once.
type pauses struct{ longest time.Duration }

func (p *pauses) next() time.Duration {
	p.longest = min(max(2*p.longest, firstPause), longestPause)
	return p.longest/2 + rand.N(p.longest/2)
}

// remaining returns how much time a context has.
func remaining(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return time.Until(deadline)
	}
	return forever
}

// within waits until a channel is closed, and returns whether it was within the time of the context.
func within(ctx context.Context, done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
	}
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}

// sleep waits, and returns whether the context has lasted so long.
func sleep(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
