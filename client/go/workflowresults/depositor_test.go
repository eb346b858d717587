package workflowresults

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var aWork = bson.D{{Key: "pipeline", Value: "p"}, {Key: "status", Value: "success"}}

func given(t *testing.T, depositor *Depositor, work any) *Pending {
	t.Helper()
	pending, err := depositor.Deposit(context.Background(), work)
	if err != nil {
		t.Fatal(err)
	}
	return pending
}

// acknowledgeOne stores the next request, of one work.
func acknowledgeOne(stream depositStream) error {
	request, err := stream.Recv()
	if err != nil {
		return err
	}
	return stream.Send(acknowledgement(request.GetSequence(), stored(1)...))
}

func TestADepositorMayBeUsedAtOnce(t *testing.T) {
	ended := make(chan error, 1)
	fake := &service{stream: func(_ int, stream depositStream) error {
		ended <- acknowledged(stream)
		return nil
	}}
	depositor := fake.serve(t).Depositor(nil)
	if receipt, err := given(t, depositor, aWork).Receipt(within10s(t)); err != nil || !receipt.Stored() {
		t.Error(receipt, err)
	}
	if err := depositor.Close(within10s(t)); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Error("the stream is broken off:", err)
	}
}

func TestATimeWithNothingToDoIsNoTimeWithoutProgress(t *testing.T) {
	fake := &service{stream: func(number int, stream depositStream) error {
		if number > 1 {
			return acknowledged(stream)
		}
		if err := acknowledgeOne(stream); err != nil {
			return err
		}
		_, _ = stream.Recv()
		return gone()
	}}
	const patience = 500 * time.Millisecond
	depositor := fake.serve(t).Depositor(&DepositorOptions{Timeout: patience})
	for range 2 {
		if receipt, err := given(t, depositor, aWork).Receipt(within10s(t)); err != nil || !receipt.Stored() {
			t.Error(receipt, err)
		}
		time.Sleep(patience)
	}
	if err := depositor.Close(within10s(t)); err != nil {
		t.Error(err)
	}
}

func TestADepositorIsClosedOnce(t *testing.T) {
	over, cancel := context.WithCancel(context.Background())
	cancel()
	fake := &service{stream: func(_ int, stream depositStream) error {
		if err := acknowledged(stream); err != nil {
			return err
		}
		time.Sleep(time.Second) // all is acknowledged, so that nobody need wait for the end of the stream
		return nil
	}}
	results := fake.serve(t)
	depositor := results.Depositor(nil)
	pending := given(t, depositor, aWork)
	if _, err := pending.Receipt(within10s(t)); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if err := depositor.Close(over); err != nil {
			t.Fatal("all was stored:", err)
		}
		if _, err := pending.Receipt(over); err != nil {
			t.Fatal("the receipt is there:", err)
		}
	}
	if _, err := depositor.Deposit(context.Background(), aWork); err == nil {
		t.Error("a closed depositor takes works")
	}
}

func TestADepositorThatIsClosedTooEarlyTellsWhatIsLeft(t *testing.T) {
	fake := &service{stream: func(_ int, stream depositStream) error {
		<-stream.Context().Done()
		return nil
	}}
	depositor := fake.serve(t).Depositor(nil)
	pending := given(t, depositor, aWork)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := depositor.Flush(ctx); !errors.Is(err, DeadlineExceeded) {
		t.Error(err)
	}
	for range 2 {
		var err *Error
		if !errors.As(depositor.Close(ctx), &err) || err.Kind != DeadlineExceeded || len(err.Works) != 1 || !err.OutcomeUnknown {
			t.Errorf("%+v", err)
		}
	}
	if _, err := pending.Receipt(within10s(t)); !errors.Is(err, DeadlineExceeded) {
		t.Error(err)
	}
}

func TestTheBufferOfAWorkMayBeUsedAgain(t *testing.T) {
	depositor := (&service{stream: func(int, depositStream) error { return status.Error(codes.Unimplemented, "no") }}).serve(t).Depositor(nil)
	raw := marshaled(t, append(bson.D{{Key: "id", Value: "a"}}, aWork...))
	before := slices.Clone(raw)
	given(t, depositor, raw)
	clear(raw)
	var err *Error
	if !errors.As(depositor.Close(within10s(t)), &err) || len(err.Works) != 1 || !bytes.Equal(err.Works[0], before) {
		t.Errorf("%+v", err)
	}
}

func TestADepositorGivesUpAServiceThatHangs(t *testing.T) {
	for acknowledged := range 2 {
		fake := &service{stream: func(_ int, stream depositStream) error {
			for range acknowledged {
				if err := acknowledgeOne(stream); err != nil {
					return err
				}
			}
			<-stream.Context().Done()
			return nil
		}}
		depositor := fake.serve(t).Depositor(&DepositorOptions{Timeout: time.Second})
		for range acknowledged {
			if _, err := given(t, depositor, aWork).Receipt(within10s(t)); err != nil {
				t.Error(err)
			}
		}
		_, failure := given(t, depositor, aWork).Receipt(within10s(t))
		var err *Error
		if !errors.As(failure, &err) || err.Kind != DeadlineExceeded || !err.OutcomeUnknown || len(err.Works) != 1 {
			t.Errorf("%d: %+v", acknowledged, failure)
		}
		_ = depositor.Close(within10s(t)) // fails as the receipt does
	}
}

func TestADepositorWaitsForASlowService(t *testing.T) {
	const requests = 4
	fake := &service{stream: func(_ int, stream depositStream) error {
		for range requests {
			time.Sleep(700 * time.Millisecond)
			if err := acknowledgeOne(stream); err != nil {
				return err
			}
		}
		return acknowledged(stream)
	}}
	depositor := fake.serve(t).Depositor(&DepositorOptions{Timeout: 2 * time.Second})
	for range requests {
		given(t, depositor, append(bson.D{{Key: "data", Value: make([]byte, bundleBytes)}}, aWork...))
	}
	if err := depositor.Flush(within10s(t)); err != nil || fake.calls.Load() != 1 {
		t.Error(err, fake.calls.Load())
	}
	if err := depositor.Close(within10s(t)); err != nil {
		t.Error(err)
	}
}

func TestADepositorThatIsFullWaits(t *testing.T) {
	fake := &service{stream: func(_ int, stream depositStream) error {
		<-stream.Context().Done()
		return nil
	}}
	depositor := fake.serve(t).Depositor(nil)
	large := append(bson.D{{Key: "data", Value: make([]byte, pendingBytes/2)}}, aWork...)
	given(t, depositor, large)
	given(t, depositor, large)
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if _, err := depositor.Deposit(ctx, aWork); !errors.Is(err, DeadlineExceeded) {
		t.Error(err)
	}
	if err := depositor.Flush(ctx); !errors.Is(err, DeadlineExceeded) {
		t.Error(err)
	}
	if err := depositor.Close(ctx); !errors.Is(err, DeadlineExceeded) {
		t.Error(err)
	}
}

func TestAServiceThatEndsTheStreamOfADepositor(t *testing.T) {
	fake := &service{stream: func(_ int, stream depositStream) error {
		_, err := stream.Recv()
		return err
	}}
	depositor := fake.serve(t).Depositor(&DepositorOptions{Timeout: 2 * time.Second})
	_, failure := given(t, depositor, aWork).Receipt(within10s(t))
	var err *Error
	if !errors.As(failure, &err) || err.Kind != Unavailable || !err.OutcomeUnknown || fake.calls.Load() < 2 {
		t.Errorf("%d: %+v", fake.calls.Load(), failure)
	}
}
