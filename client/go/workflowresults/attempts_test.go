package workflowresults

import (
	"context"
	"testing"
	"time"
)

func TestWhatIsTriedAgain(t *testing.T) {
	known, unknown := unavailable("down"), unavailable("down")
	unknown.OutcomeUnknown = true
	late := &Error{Kind: DeadlineExceeded, Reason: "DEADLINE_EXCEEDED"}
	for name, row := range map[string]struct {
		err                      *Error
		idempotent, once, stream bool
	}{
		"unavailable, nothing was changed": {known, true, true, true},
		"unavailable, outcome unknown":     {unknown, true, false, true},
		"deadline exceeded":                {late, false, false, true},
		"any other error":                  {other("no"), false, false, false},
		"canceled by the caller":           {&Error{Kind: Canceled}, false, false, false},
	} {
		for policy, again := range map[policy]bool{idempotent: row.idempotent, once: row.once, streamOfDeposits: row.stream} {
			attempts, err := attempts{policy: policy}, *row.err
			pause, final := attempts.after(&err, forever)
			if (final == nil) != again || again && (pause < firstPause/2 || pause > firstPause) {
				t.Errorf("%s with %+v: %s, %v", name, policy, pause, final)
			}
		}
	}
}

func TestPausesGrowUpToTheLongest(t *testing.T) {
	var all pauses
	for _, longest := range []time.Duration{50, 100, 200, 400, 800, 1600, 2000, 2000} {
		longest *= time.Millisecond
		if pause := all.next(); pause < longest/2 || pause > longest {
			t.Errorf("%s is not from half of %s to it", pause, longest)
		}
	}
}

func TestAPauseLastsAsLongAsTheServiceAsks(t *testing.T) {
	attempts, err := attempts{policy: idempotent}, unavailable("busy")
	err.RetryDelay = 5 * time.Second
	if pause, final := attempts.after(err, time.Minute); pause != 5*time.Second || final != nil {
		t.Error(pause, final)
	}
	if _, final := attempts.after(err, 4*time.Second); final != err {
		t.Error("a pause that outlasts the time that is left is begun")
	}
}

func TestAnEarlierAttemptCountsForTheOutcome(t *testing.T) {
	attempts, first, second := attempts{policy: idempotent}, unavailable("down"), other("no")
	first.OutcomeUnknown = true
	attempts.after(first, forever)
	if _, final := attempts.after(second, forever); final != second || !final.OutcomeUnknown {
		t.Error(final)
	}
}

func TestTheErrorBeforeTheEndOfTheTimeSaysMore(t *testing.T) {
	for _, policy := range []policy{idempotent, once, streamOfDeposits} {
		attempts, first := attempts{policy: policy}, unavailable("down")
		attempts.after(first, forever)
		ctx, cancel := context.WithTimeout(context.Background(), 0)
		defer cancel()
		if _, final := attempts.after(ended(ctx, "Count"), 0); final != first {
			t.Error(policy, final)
		}
	}
}

func TestProgressStartsOver(t *testing.T) {
	attempts := attempts{policy: idempotent}
	for range 6 {
		attempts.after(unavailable("down"), forever)
	}
	attempts.progress()
	if pause, _ := attempts.after(unavailable("down"), forever); pause > firstPause {
		t.Error(pause)
	}
	attempts.progress()
	late := &Error{Kind: DeadlineExceeded}
	if _, final := attempts.after(late, forever); final != late {
		t.Error("an error from before counts:", final)
	}
}

func TestACallThatIsCanceledInAPause(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	last := unavailable("down")
	last.OutcomeUnknown = true
	if err := stopped(ctx, last, "Lock"); err.Kind != Canceled || !err.OutcomeUnknown {
		t.Errorf("%+v", err)
	}
}
